"""Proves, before the weights are written, that transformers opens an imported folder.

It happens in a process of its own: ``python -m harness.export.importing.verification FOLDER``.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import excerpt, printable
from harness.export.python_process import print_result, run_module
from harness.export.tensors.model_config import read_config
from harness.export.tokenizer.tokenizer_reading import load_tokenizer
from harness.model_files.pre_tokenizer import pre_tokenizer_name

Shapes = Mapping[str, tuple[int, ...]]


def verify(folder: Path, shapes: Shapes) -> tuple[str, ...]:
    """Open the folder in another process.

    Args:
        folder: complete but for the weights.
        shapes: of the weights that it will hold, by name.

    Returns:
        Losses: differences that transformers makes and that cannot be avoided.

    Raises:
        HarnessError: transformers would not load it, or load another tokenizer or other weights.
    """
    try:
        found = run_module(__spec__.name, str(folder.resolve()), json.dumps(shapes))
    except ChildProcessError as error:
        raise HarnessError(f"transformers cannot open what the file holds ({error})") from None
    return tuple(found["losses"])


def verify_here(folder: Path, shapes: Shapes) -> tuple[str, ...]:
    """The same in this process."""
    expected = _expected_shapes(folder)
    for name in sorted(expected.keys() | shapes.keys()):
        if expected.get(name) != shapes.get(name):
            raise HarnessError(
                f"its weight {excerpt(name)} has shape {shapes.get(name)}, by its metadata it is "
                f"{expected.get(name)}"
            )
    written, loaded = read_config(folder / "tokenizer.json"), load_tokenizer(folder).rules
    if _deciding(written) != _deciding(loaded):
        raise HarnessError("transformers changes the tokenizer when it loads it")
    if loaded["normalizer"] == written["normalizer"]:
        return ()
    return (
        f"transformers normalises text for this model by {loaded['normalizer']['type']}, "
        "llama.cpp does not: other text becomes other tokens",
    )


def _deciding(rules: dict[str, Any]) -> tuple[object, ...]:
    """What decides the tokens of a text that is normalised already."""
    model = rules["model"]
    return (
        pre_tokenizer_name(rules),
        model["ignore_merges"],
        model["vocab"],
        [list(pair) for pair in model["merges"]],
        {(token["content"], token["id"], token["special"]) for token in rules["added_tokens"]},
    )


def _expected_shapes(folder: Path) -> Shapes:
    """The shapes of the weights by the configuration, a tied head left out."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(config)
    except Exception as error:  # of any kind: it is the file's numbers that are wrong
        reason = printable(" ".join(str(error).split()) or type(error).__name__)
        raise HarnessError(f"transformers refuses its metadata ({reason:.300})") from None
    return {name: tuple(weight.shape) for name, weight in model.named_parameters()}


def _in_this_process(folder: str, shapes: str) -> dict[str, Any]:
    whole = {name: tuple(shape) for name, shape in json.loads(shapes).items()}
    return {"losses": verify_here(Path(folder), whole)}


if __name__ == "__main__":
    print_result(lambda: _in_this_process(*sys.argv[1:]))
