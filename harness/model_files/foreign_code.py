"""Finds models that bring code along, which is run only where ``--trust-remote-code`` says so."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.core.printable import excerpt
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.finding import Finding, problem


def code_findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """A finding where ``config.json`` names code and transformers has none for the model's type."""
    kind = config.get("model_type")
    if config.get("auto_map") and not _is_known(kind):
        found = problem(
            "config.json",
            f"transformers does not know the type {excerpt(str(kind))!r}, which brings along code "
            "of its own (auto_map)",
            "code from elsewhere can do anything on this machine: read it, then allow it with "
            "--trust-remote-code, or name a model of a type that transformers knows",
        )
        yield replace(found, is_of_code=True)


def code_files(folder: Path) -> list[Path]:
    """The files of the code that the model in a folder brings along."""
    try:
        has_code = any(map(_named_code, _configs(folder)))
    except UnreadableFile:
        has_code = True
    return sorted(folder.glob("*.py")) if has_code else []


def code_elsewhere(folder: Path) -> str | None:
    """The repository whose code a model names in place of its own (``OWNER/NAME--module.Class``),
    which no hash of its files covers; ``None`` where it names none.

    Raises:
        UnreadableFile: a configuration cannot be read.
    """
    named = (name for config in _configs(folder) for name in _named_code(config))
    return next((name.partition("--")[0] for name in named if "--" in name), None)


def _configs(folder: Path) -> Iterator[Mapping[str, Any]]:
    yield from (read_object(folder / name) for name in ("config.json", "tokenizer_config.json"))


def _named_code(config: Mapping[str, Any]) -> list[str]:
    """The classes that ``auto_map`` names, each ``module.Class``."""
    named = config.get("auto_map")
    values = named.values() if isinstance(named, dict) else [named]
    each = (value if isinstance(value, list | tuple) else [value] for value in values)
    return [text for texts in each for text in texts if isinstance(text, str)]


def _is_known(kind: Any) -> bool:
    """True if transformers lists a model of the type, or is not there to be asked. It is not
    imported: that takes seconds."""
    found = find_spec("transformers")
    if found is None or found.origin is None:
        return True
    listing = Path(found.origin).parent / "models/auto/modeling_auto.py"
    is_read = isinstance(kind, str) and listing.is_file()
    return f'"{kind}"' in listing.read_text("utf-8") if is_read else not listing.is_file()
