"""Judges values against a JSON Schema: validation, formats, patterns, limits."""
