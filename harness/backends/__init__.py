"""One kind of model per file: ``--model gguf:x`` is ``gguf.py``.

A backend offers ``preflight(ref, settings)``, which runs in pytest's process and imports nothing
heavy, and ``open_model(ref, settings)``, which runs in a process of the backend's own: see
``harness.engine.model.Backend``. One whose libraries take long to import offers
``prepare(ref, settings)`` besides: it runs first in that process, imports what ``open_model``
takes, opens nothing and reads no weights.
"""

import importlib
import pkgutil

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.suggestion import did_you_mean
from harness.engine.model import EngineSettings

DEFAULTS = EngineSettings()
"""Default settings: the backend decides."""


def kinds() -> list[str]:
    """The kinds of model there are: the files of this package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def preflight(ref: ModelRef, settings: EngineSettings = DEFAULTS) -> None:
    """Find the mistakes in how a model is to be opened that can be found without loading it.

    Raises:
        HarnessError: the kind is unknown, or its backend cannot open the location so.
    """
    if ref.kind not in kinds():
        hint = did_you_mean(ref.kind, kinds(), f"known kinds: {', '.join(kinds())}")
        raise HarnessError(f"--model {ref}: unknown kind {ref.kind!r}, {hint}")
    importlib.import_module(f"{__name__}.{ref.kind}").preflight(ref, settings)


def takes_long(ref: ModelRef) -> bool:
    """Whether a process can be prepared for it while others are at work; ``ref`` is known to be
    right."""
    return hasattr(importlib.import_module(f"{__name__}.{ref.kind}"), "prepare")
