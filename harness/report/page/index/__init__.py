"""The index of stored runs: its rows, lines over time and checkpoints."""
