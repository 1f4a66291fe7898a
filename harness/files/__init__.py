"""Reads any file strictly and writes it whole."""
