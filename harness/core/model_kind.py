"""Finds the kind of a model that is named by its path alone, by what is there."""

import re
from pathlib import Path

from harness.core.errors import HarnessError

_MARKS = (
    ("adapter_config.json", "adapter"),
    ("run.json", "record"),
    ("run.partial.json", "record"),
    ("export.json", "merged"),
    ("config.json", "base"),
)
"""Files by which a folder is a model of a kind; the first that is there decides."""
_RUNS = ("run.json", "run.partial.json")
_PATTERN = re.compile(r"[*?\[]")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.@/-]*")


def kind_at(location: str) -> str:
    """The kind of the model at a path; of a pattern, that of its first match.

    Raises:
        HarnessError: nothing is there, or no model.
    """
    path = _first(Path(location)) if _PATTERN.search(location) else Path(location)
    if path.is_file():
        if path.suffix.lower() == ".gguf":
            return "gguf"
        if path.name in _RUNS:
            return "record"
    found = next((kind for name, kind in _MARKS if (path / name).is_file()), None)
    if found == "merged" and not (path / "config.json").is_file():
        found = None
    if found is None:
        raise HarnessError(f"--model {location!r}: {_what_else(path, location)}")
    return found


def _first(pattern: Path) -> Path:
    root = Path(pattern.anchor or ".")
    return min(root.glob(str(pattern.relative_to(root))), default=pattern)


def _what_else(path: Path, location: str) -> str:
    expected = "expected kind:location, such as base:path/to/model or adapter:out/my_adapter"
    if path.is_dir():
        files = sorted(file.name for file in path.glob("*.gguf"))
        if files:
            return f"is a folder, name its file: {path / files[0]}"
        return f"no model is there (config.json, adapter_config.json or run.json), {expected}"
    if path.exists():
        return f"is a file, and none of a model, {expected}"
    if _HUB_ID.fullmatch(location):
        return f"is not there; a model of the hub is base:{location}; {expected}"
    return f"is not there, {expected}"
