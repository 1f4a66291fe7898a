"""Reads JSON as a model wrote it: decoder, document, faults, pointers, wording."""
