"""Draws a run or a comparison for the terminal."""
