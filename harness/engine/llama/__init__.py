"""Runs GGUF files through llama.cpp: contexts, decoding, sampling."""
