"""Turns requests into completions: the process that hosts a model, batching, decoding.

``harness/backends/`` holds one file per kind of model; their common parts are here.
"""
