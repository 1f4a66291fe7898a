"""What turns requests into completions: the process that hosts a model, batching and decoding.

``harness/backends/`` holds one file per kind of model; what they share lives here.
"""
