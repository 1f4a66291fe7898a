"""Environment variables that llama.cpp's library reads when it is loaded."""

import os

from harness.engine.openmp import bound_spinning


def set_defaults() -> None:
    """Set the variables that the user has not set. Call before the first import of llama_cpp."""
    bound_spinning()
    # A backtrace would push a failed assertion's message out of the end of the log.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
