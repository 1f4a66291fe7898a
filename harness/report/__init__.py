"""Reports for people and machines: terminal tables, a page, JSON. Computed from records alone."""
