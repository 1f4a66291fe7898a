"""Reads and writes ``parity.json`` beside a run's ``run.json``; the file is untrusted input."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError
from harness.files.atomic import write_whole
from harness.files.strict_json import damaged, mistake, parse_json, validator
from harness.parity.values import SCHEMA_VERSION, Parity

PARITY_FILE = "parity.json"


def write_parity(parity: Parity, folder: Path) -> Path:
    """Write into the folder of the run and return the file."""
    path = folder / PARITY_FILE
    write_whole(path, [as_json(parity)])
    return path


def as_json(parity: Parity) -> str:
    """The file's content."""
    return json.dumps(_adapter().dump_python(parity), indent=2, allow_nan=False) + "\n"


def read_parity(folder: Path) -> Parity | None:
    """The parity of a run; ``None`` where the folder holds none.

    Raises:
        HarnessError: one line for each mistake in the file.
    """
    path = folder / PARITY_FILE
    if not path.is_file():
        return None
    try:
        text = path.read_bytes()
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}, remove it to go without") from None
    found = parse_json(text, path)
    version = found.get("schema_version") if isinstance(found, dict) else None
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise HarnessError(
            f"{path}:1: schema_version {version!r:.40} is unknown, {SCHEMA_VERSION} is read: "
            "measure again with harness parity"
        )
    try:
        return _validate()(found)
    except ValidationError as error:
        raise damaged([f"{path}:1: {mistake(e)}" for e in error.errors()]) from None


@cache
def _adapter() -> TypeAdapter[Parity]:
    return TypeAdapter(Parity)


@cache
def _validate() -> Callable[[Any], Parity]:
    return validator(_adapter())
