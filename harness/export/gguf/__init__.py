"""Writes GGUF: architectures, tensors, types, quantisation."""
