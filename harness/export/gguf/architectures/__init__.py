"""One family of models per file: the GGUF layout of its weights and its constants.

Each file implements ``harness.export.gguf.architecture.Architecture``.
"""
