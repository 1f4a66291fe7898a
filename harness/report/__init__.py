"""What people and machines read of a run: terminal tables, a page, JSON. Computed from records."""
