"""Bounds the time for which OpenMP threads spin while they wait for each other."""

import os

BOUNDED_SPINNING = {"GOMP_SPINCOUNT": "500"}
"""Defaults for the environment of a process that runs a model; the user's settings take precedence.
GNU's OpenMP, whose threads torch and llama.cpp use, reads them when it is loaded.

Threads wait for each other many times in a token and spin for milliseconds meanwhile. Where other
programs occupy the cores, the awaited thread does not run until the spinning ends: with two busy
neighbours on two cores, 300 answers of the bundled adapter took 123 s without this and 10 s with
it. On an idle machine it makes no difference.
"""


def bound_spinning() -> None:
    """Set the variables that the user has not set, for this process. Call before torch or
    llama.cpp is imported."""
    for name, value in BOUNDED_SPINNING.items():
        os.environ.setdefault(name, value)
