"""Imports the libraries that transformers models need, and no more.

Most of the time between opening a small model and its first token goes into importing some 3,000
Python modules. Two parts of it can be avoided: garbage collection over objects that all stay alive,
and optional packages that the libraries import wherever they are installed and that few text models
need. Measured on two cores, until a model of a megabyte is open: 1.9 s of 2.7 for a base, 2.1 s of
3.7 for an adapter. Meant for a process of one model: hidden packages stay hidden.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from harness.core.extras import require

FOR_QUANTIZED = ("bitsandbytes", "scipy")
"""Packages that only quantised models need. peft imports bitsandbytes, which imports torch's
compiler; transformers imports scipy for the losses of object detection, and some versions of
bitsandbytes need it."""


def import_transformers(*, is_quantized: bool) -> None:
    """Import transformers, except for the code of the model's own architecture.

    ``is_quantized``: the model is, or may be, quantised by bitsandbytes.

    Raises:
        HarnessError: torch or transformers is not installed.
    """
    require("a transformers model", "torch", "transformers")
    if not is_quantized:
        hide(*FOR_QUANTIZED)
    quiet()
    with without_garbage_collection():
        # These two import most of what any architecture imports.
        from transformers import GenerationMixin, PreTrainedModel  # noqa: F401

        import harness.engine.hf.loading  # noqa: F401


def import_peft() -> None:
    """Import peft; raises HarnessError where it is not installed."""
    require("an adapter", "peft")
    with without_garbage_collection():
        import peft  # noqa: F401


def hide(*packages: str) -> None:
    """Make packages look as if not installed; one that is imported already stays.

    ``None`` is what the import system takes for a module that cannot be imported:
    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    for name in packages:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Import without garbage collection, and exclude the imported objects from later ones."""
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
