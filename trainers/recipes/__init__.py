"""Recipes, and how one is read."""
