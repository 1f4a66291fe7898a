"""What llama.cpp's library reads from the environment as it is loaded."""

import os


def settle() -> None:
    """Settings of the process that a user has not made otherwise. Call before the first import."""
    # Threads wait for each other many times in a token. GNU's OpenMP has them spin for
    # milliseconds: on a machine whose cores are shared that made 60 short answers of a tiny model
    # take 63 s in place of 3.
    os.environ.setdefault("GOMP_SPINCOUNT", "500")
    # Of a failed assertion the sentence alone: a backtrace would push it out of the log's end.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
