"""Inline SVG. There are no colors in it, only classes."""
