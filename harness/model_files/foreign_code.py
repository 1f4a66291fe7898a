"""Finds models that can only be opened with code that they bring along, which is never run."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.core.printable import excerpt
from harness.model_files.finding import Finding, problem


def code_findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """A finding where ``config.json`` names code and transformers has none for the model's type."""
    kind = config.get("model_type")
    if config.get("auto_map") and not _is_known(kind):
        yield problem(
            "config.json",
            f"transformers does not know the type {excerpt(str(kind))!r}, which brings along code "
            "of its own (auto_map)",
            "such code is never run: name a model of a type that transformers knows",
        )


def _is_known(kind: Any) -> bool:
    """True if transformers lists a model of the type, or is not there to be asked. It is not
    imported: that takes seconds."""
    found = find_spec("transformers")
    if found is None or found.origin is None:
        return True
    listing = Path(found.origin).parent / "models/auto/modeling_auto.py"
    is_read = isinstance(kind, str) and listing.is_file()
    return f'"{kind}"' in listing.read_text("utf-8") if is_read else not listing.is_file()
