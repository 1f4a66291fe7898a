"""Loads a folder's tokenizer with transformers and reduces it to plain values.

Some tokenizer classes rebuild their rules when they are loaded, regardless of ``tokenizer.json``,
so the rules are read from the loaded tokenizer. Loading imports torch and therefore happens in a
separate process, ``python -m harness.export.tokenizer.tokenizer_reading FOLDER``, which prints
JSON.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.engine.hf.foreign_code import NO_FOREIGN_CODE, foreign_code_refused
from harness.export.python_process import print_result, run_module


@dataclass(frozen=True, slots=True)
class LoadedTokenizer:
    """The rules by which text is tokenized."""

    rules: dict[str, Any]
    """The content of a ``tokenizer.json``: model, normalizer, pre-tokenizer, added tokens."""
    bos_id: int | None
    eos_id: int | None
    pad_id: int | None
    unk_id: int | None
    before: tuple[int, ...]
    """Ids that the tokenizer adds before a text."""
    after: tuple[int, ...]
    chat_template: str | None


def load_tokenizer(folder: Path) -> LoadedTokenizer:
    """Load the tokenizer in this process.

    Raises:
        HarnessError: transformers cannot load it, or it has no fast form.
    """
    from transformers import AutoTokenizer

    try:
        with foreign_code_refused(folder):
            tokenizer: Any = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, **NO_FOREIGN_CODE
            )
    except HarnessError:
        raise
    except Exception as error:  # of any kind: it is the files that are wrong
        reason = printable((str(error).splitlines() or [type(error).__name__])[0])
        raise HarnessError(
            f"{folder}: transformers cannot load its tokenizer ({reason:.300})"
        ) from None
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise HarnessError(
            f"{folder}: its tokenizer ({type(tokenizer).__name__}) is no fast one, whose rules "
            "could be read: save it with a tokenizer.json"
        )
    before, after = _around(tokenizer)
    template = tokenizer.chat_template or None
    if isinstance(template, dict) and "default" not in template:
        raise HarnessError(
            f"{folder}: it has the chat templates {printable(', '.join(sorted(template)))} and "
            "none called default, so that transformers refuses every prompt: give one that name"
        )
    return LoadedTokenizer(
        rules=json.loads(backend.to_str()),
        bos_id=tokenizer.bos_token_id,
        eos_id=tokenizer.eos_token_id,
        pad_id=tokenizer.pad_token_id,
        unk_id=tokenizer.unk_token_id,
        before=before,
        after=after,
        chat_template=template.get("default") if isinstance(template, dict) else template,
    )


def _around(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids that the tokenizer adds before and after a text."""
    text = "a"
    bare = tokenizer(text, add_special_tokens=False)["input_ids"]
    full = tokenizer(text, add_special_tokens=True)["input_ids"]
    start = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    return tuple(full[:start]), tuple(full[start + len(bare) :])


def read_tokenizer(folder: Path) -> LoadedTokenizer:
    """Load the tokenizer in another process.

    Raises:
        HarnessError: as for ``load_tokenizer``, or the process ended without a result.
    """
    try:
        found = run_module(__spec__.name, str(folder.resolve()))
    except ChildProcessError as error:
        raise HarnessError(f"{folder}: transformers cannot load its tokenizer ({error})") from None
    return LoadedTokenizer(
        **{**found, "before": tuple(found["before"]), "after": tuple(found["after"])}
    )


if __name__ == "__main__":
    print_result(lambda: asdict(load_tokenizer(Path(sys.argv[1]))))
