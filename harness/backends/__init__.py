"""One kind of model per file: ``--model gguf:x`` is ``gguf.py``.

A backend offers ``preflight(ref)``, which runs in pytest's process and imports nothing heavy, and
``open_model(ref, settings)``, which runs in a process of the backend's own: see
``harness.engine.model.Backend``.
"""

import difflib
import importlib
import pkgutil

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef


def kinds() -> list[str]:
    """The kinds of model there are: the files of this package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def preflight(ref: ModelRef) -> None:
    """Find the mistakes in ``ref`` that can be found without loading a model.

    Raises:
        HarnessError: the kind is unknown or its backend cannot open the location.
    """
    if ref.kind not in kinds():
        close = difflib.get_close_matches(ref.kind, kinds(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known kinds: {', '.join(kinds())}"
        raise HarnessError(f"--model {ref}: unknown kind {ref.kind!r}, {hint}")
    importlib.import_module(f"{__name__}.{ref.kind}").preflight(ref)
