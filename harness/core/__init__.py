"""The values that flow between the stages. Nothing here reads a file, a clock or a model."""
