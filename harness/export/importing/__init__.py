"""Reads a GGUF file back into a folder that transformers opens."""
