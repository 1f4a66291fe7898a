"""The tokens that end an answer: the generation configuration's and the tokenizer's EOS."""

from pathlib import Path
from typing import Any, TypeGuard

from harness.files.strict_json import UnreadableFile, read_object


def end_ids(configured: Any, eos: int | None) -> frozenset[int]:
    """The ids at which generation stops.

    Args:
        configured: ``eos_token_id`` of a generation configuration: an id, several, or ``None``.
        eos: the tokenizer's end of sequence.
    """
    ids = configured if isinstance(configured, list | tuple) else [configured]
    return frozenset(i for i in (*ids, eos) if is_token_id(i))


def configured_end_ids(folder: Path) -> tuple[str, frozenset[int]]:
    """The file of a model's folder that names the end of an answer, and the ids it names.

    Without a ``generation_config.json`` transformers takes the model's ``config.json``.

    Raises:
        UnreadableFile: the message begins with the file's name.
    """
    names = ("generation_config.json", "config.json")
    name = next((n for n in names if (folder / n).is_file()), names[-1])
    try:
        return name, end_ids(read_object(folder / name).get("eos_token_id"), None)
    except UnreadableFile as error:
        raise UnreadableFile(f"{name}: {error}") from None


def is_token_id(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31
