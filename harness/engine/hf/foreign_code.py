"""Code that a model brings along (``auto_map``): it runs where a user allowed it, else never."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.record import ModelRecord
from harness.engine.model import EngineSettings
from harness.files.strict_json import UnreadableFile
from harness.model_files.fingerprint import sha256_of_file
from harness.model_files.foreign_code import code_elsewhere, code_files

NO_FOREIGN_CODE = {"trust_remote_code": False}
"""Argument of every ``from_pretrained``. Left out, transformers asks on standard input."""
NEVER = "is never run here: name a model of a kind that transformers knows"
ALLOWED = "could do anything on this machine: read it, then allow it with --trust-remote-code"


@contextmanager
def foreign_code_refused(folder: Path, why: str = NEVER) -> Iterator[None]:
    """Give transformers' refusal, which advises to allow the code, our own words.

    Raises:
        HarnessError: the folder can only be opened with its own code.
    """
    try:
        yield
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise HarnessError(
            f"{folder}: transformers does not know this kind of model, and the code that it brings "
            f"along (auto_map) {why}"
        ) from None


@contextmanager
def code_as_allowed(folder: Path, settings: EngineSettings) -> Iterator[Mapping[str, bool]]:
    """The argument of ``from_pretrained`` that runs the code in the folder if it is allowed.

    Raises:
        HarnessError: it is not allowed and needed, or it is another repository's, which could be
            replaced between two runs.
    """
    if not settings.trust_remote_code:
        with foreign_code_refused(folder, ALLOWED):
            yield NO_FOREIGN_CODE
        return
    try:
        other = code_elsewhere(folder)
    except UnreadableFile as error:
        raise HarnessError(f"{folder}: its configuration {error}") from None
    if other is not None:
        raise HarnessError(
            f"{folder}: its code is that of {other}, whose files no hash here covers: copy them "
            "beside the model, and name them in auto_map without the repository"
        )
    yield {"trust_remote_code": True}


def with_code(record: ModelRecord, folders: tuple[Path, ...], allowed: bool) -> ModelRecord:
    """The record of a model with the code of its folders, where that was allowed to run."""
    found = {path.name: path for folder in folders for path in code_files(folder)}
    if not allowed or not found:
        return record
    files = {**record.files, **{name: sha256_of_file(path) for name, path in found.items()}}
    warning = f"its own code was run (--trust-remote-code): {', '.join(found)}"
    return replace(
        record,
        files=files,
        trusts_remote_code=True,
        warnings=(*record.warnings, warning),
    )
