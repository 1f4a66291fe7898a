"""What can be said of a model's files without loading it, and which of it is wrong.

Reads JSON, the headers of safetensors and the metadata of GGUF; nothing here imports torch. Every
file is hostile input: it may come from anywhere.
"""
