"""Reads and writes weights one tensor at a time, without torch."""
