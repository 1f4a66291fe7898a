"""Writes the adapter's folder and ``training.json``."""
