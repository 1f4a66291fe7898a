"""Reads a tokenizer's files into the form that GGUF stores."""
