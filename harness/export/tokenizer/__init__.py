"""Reads a tokenizer's files and converts them to GGUF's form."""
