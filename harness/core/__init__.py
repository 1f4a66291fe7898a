"""The values that stages exchange. Nothing here reads a file, a clock or a model."""
