"""Reads a model's files without loading the model, and finds what is wrong with them.

Reads JSON, the headers of safetensors and the metadata of GGUF; nothing here imports torch. Every
file is hostile input: it may come from anywhere.
"""
