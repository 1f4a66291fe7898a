"""Bundled recipes, their schema, and reading them."""
