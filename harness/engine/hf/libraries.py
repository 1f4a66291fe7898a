"""Imports what transformers models take, and no more.

Most of the time between asking for a small model and its first token is Python importing some 3,000
modules. Two things in that are avoidable: looking for garbage among objects that all stay, and
packages that the libraries import wherever they find them and that few text models need. Measured
on two cores, until a model of a megabyte is open: 1.9 s of 2.7 for a base, 2.1 s of 3.7 for an
adapter. For a process of one model: what is hidden from the libraries stays hidden.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FOR_QUANTIZED = ("bitsandbytes", "scipy")
"""peft imports the first, which imports torch's compiler, for layers that are quantised;
transformers the second, which versions of the first need, for the losses of object detection."""


def import_transformers(*, is_quantized: bool) -> None:
    """Everything but the code of the model's own architecture.

    Args:
        is_quantized: whether the model is, or may be, by bitsandbytes.
    """
    if not is_quantized:
        hide(*FOR_QUANTIZED)
    quiet()
    with without_garbage_collection():
        # Importing these is importing most of what any architecture imports.
        from transformers import GenerationMixin, PreTrainedModel  # noqa: F401

        import harness.engine.hf.loading  # noqa: F401


def import_peft() -> None:
    with without_garbage_collection():
        import peft  # noqa: F401


def hide(*packages: str) -> None:
    """From here on packages are as if not installed; one that is imported already stays.

    ``None`` is what the import system takes for a module that cannot be imported:
    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    for name in packages:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """For imports: what they make is there to stay, and no later collection goes through it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def quiet() -> None:
    """Keep the libraries' own progress bars and telemetry out of the log. Call before imports."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
