"""One family of models per file: how its weights and constants lie in GGUF.

Each file offers what ``harness.export.gguf.architecture.Architecture`` lists.
"""
