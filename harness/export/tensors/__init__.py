"""Reads and writes weights a tensor at a time, without torch."""
