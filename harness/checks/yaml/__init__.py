"""YAML answers: reading them with the place of every value."""
