"""One kind of model per file: ``--model gguf:x`` is ``gguf.py``.

A backend offers ``preflight(ref, settings)``, which runs in pytest's process and imports nothing
heavy, and ``open_model(ref, settings)``, which runs in the backend's own process. See
``harness.engine.model.Backend`` for these and for optional functions.
"""

import importlib
import pkgutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from harness.core.errors import HarnessError
from harness.core.extras import require
from harness.core.modelref import ModelRef
from harness.core.suggestion import did_you_mean
from harness.engine.model import AnsweredCases, AnsweringModel, Backend, EngineSettings
from harness.files.refused import refusals

if TYPE_CHECKING:
    from harness.engine.host import ModelHost

DEFAULTS = EngineSettings()
"""Default settings: the backend decides."""


def kinds() -> list[str]:
    """All kinds of model: the files of this package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def preflight(
    ref: ModelRef, settings: EngineSettings = DEFAULTS, *, is_opened: bool = True
) -> None:
    """Find mistakes in ref and settings without loading the model.

    Args:
        is_opened: the model will be opened, not only its files looked into.

    Raises:
        HarnessError: the kind is unknown, or its backend cannot open the location with these
            settings.
        HarnessError: packages that open such a model are not installed.
    """
    if ref.kind not in kinds():
        hint = did_you_mean(ref.kind, kinds(), f"known kinds: {', '.join(kinds())}")
        raise HarnessError(f"--model {ref}: unknown kind {ref.kind!r}, {hint}")
    if is_opened:
        require_packages(ref, settings)
    with refusals(f"--model {ref}"):
        _backend(ref).preflight(ref, settings)


def require_packages(ref: ModelRef, settings: EngineSettings = DEFAULTS) -> None:
    """Check that the packages that open a model are installed.

    Raises:
        HarnessError: one is not.
    """
    backend = _backend(ref)
    if hasattr(backend, "needs"):
        require(f"--model {ref}", *backend.needs(settings))


def host(settings: EngineSettings = DEFAULTS) -> "ModelHost":
    """A host of models of any kind, all opened with these settings."""
    from harness.engine.host import ModelHost

    return ModelHost(partial(connect, settings=settings), partial(disconnect, settings))


def connect(ref: ModelRef, settings: EngineSettings = DEFAULTS) -> AnsweringModel:
    """The unopened model of ``ref``: in its own process or in workers of a cluster, unless its
    backend offers another way. ``ref`` has passed ``preflight``."""
    backend = _backend(ref)
    if hasattr(backend, "connect"):
        model: AnsweringModel = backend.connect(ref, settings)
        return model
    if settings.ray is not None:
        from harness.engine.ray.model import RayModel

        return RayModel(ref, settings, settings.ray, libraries_of(ref))
    from harness.engine.process import RemoteModel

    return RemoteModel(ref, settings, stays_open=True)


def disconnect(settings: EngineSettings) -> None:
    """Leave what the models of a session share."""
    if settings.ray is not None:
        from harness.engine.ray.connection import disconnect as leave_cluster

        leave_cluster()


def files_of(ref: ModelRef) -> list[Path]:
    """The files that a model opens from; none where its kind has none, or does not say.

    Raises:
        HarnessError: a part of the model is on the hub and was never downloaded.
    """
    backend = _backend(ref)
    if not hasattr(backend, "files") or not hasattr(backend, "LIBRARIES"):
        return []
    files: list[Path] = backend.files(ref)
    return files


def is_served(ref: ModelRef) -> bool:
    """True for a kind whose models live behind servers, which alone know their weights."""
    return getattr(_backend(ref), "IS_SERVED", False)


def is_decoded_here(ref: ModelRef) -> bool:
    """True for a kind whose answers our own decoding loops generate, which a grammar can
    constrain."""
    return not hasattr(_backend(ref), "connect")


def answered_cases(ref: ModelRef) -> AnsweredCases | None:
    """The cases that a stored run answered; ``None`` for a model that answers any.

    Raises:
        HarnessError: the run cannot be read.
    """
    backend = _backend(ref)
    if not hasattr(backend, "answered_cases"):
        return None
    found: AnsweredCases = backend.answered_cases(ref)
    return found


def libraries_of(ref: ModelRef) -> tuple[str, ...]:
    """The packages whose versions decide, beside the files, what a model answers."""
    return tuple(getattr(_backend(ref), "LIBRARIES", ()))


def _backend(ref: ModelRef) -> Backend:
    return cast(Backend, importlib.import_module(f"{__name__}.{ref.kind}"))
