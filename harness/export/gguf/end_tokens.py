"""Which tokens end an answer in transformers: the generation config's and the tokenizer's.

llama.cpp guesses a wider set from the tokens' spelling; the file says the true one besides.
"""

import json
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError

PLACES = 3
"""EOS, EOT and EOM."""


def end_ids(folder: Path, tokenizer_eos: int | None) -> tuple[int, ...]:
    """The ids, sorted.

    Args:
        folder: of the whole model. Without a ``generation_config.json`` transformers takes
            ``config.json``'s.
    """
    generation = folder / "generation_config.json"
    file = generation if generation.is_file() else folder / "config.json"
    try:
        values: Any = json.loads(file.read_text("utf-8"))
        configured = values.get("eos_token_id")
    except (OSError, ValueError, AttributeError) as error:
        raise HarnessError(f"{file}: cannot be read ({error})") from None
    ids = configured if isinstance(configured, list) else [configured]
    found = {i for i in (*ids, tokenizer_eos) if isinstance(i, int) and not isinstance(i, bool)}
    return tuple(sorted(found))


def end_warnings(ids: tuple[int, ...]) -> tuple[str, ...]:
    """What llama.cpp makes of a model that ends its answers nowhere, or in too many ways."""
    if not ids:
        return (
            "neither the tokenizer nor generation_config.json names a token that ends an answer, "
            "llama.cpp takes one by its number",
        )
    if len(ids) > PLACES:
        return (
            f"{len(ids)} tokens end an answer, GGUF has places for {PLACES}: llama.cpp knows the "
            "others only by their spelling",
        )
    return ()
