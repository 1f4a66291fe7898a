"""What llama.cpp's library reads from the environment as it is loaded."""

import os

from harness.engine.openmp import BOUNDED_SPINNING


def settle() -> None:
    """Settings of the process that a user has not made otherwise. Call before the first import."""
    for name, value in BOUNDED_SPINNING.items():
        os.environ.setdefault(name, value)
    # Of a failed assertion the sentence alone: a backtrace would push it out of the log's end.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
