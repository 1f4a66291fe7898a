"""Writes what a training leaves."""
