"""Reads training rows."""
