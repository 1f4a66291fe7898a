"""Draws the HTML page."""
