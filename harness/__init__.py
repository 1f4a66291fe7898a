"""A pytest-style evaluation and regression harness for small fine-tuned language models."""

__version__ = "0.1.0"
