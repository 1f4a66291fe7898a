"""Puts a PEFT adapter over an open base, for answering and for merging alike."""

import warnings
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import excerpt, printable
from harness.model_files.adapter import read_adapter_files, require_fit, saved_rows

OWN_LEFTOVERS = (".modules_to_save.weight", ".token_adapter.trainable_tokens_delta")
"""Endings of names that peft saves twice and itself passes over when it loads them."""


def load_adapter(base: Any, base_folder: Path, folder: Path, *, is_trainable: bool = False) -> Any:
    """The base with the adapter over it, in evaluation mode; ``base`` is changed.

    A vocabulary that training resized is resized here, too, to the rows that the adapter contains.

    Raises:
        HarnessError: the adapter does not fit, or peft would leave a part of it out.
    """
    files = read_adapter_files(folder)
    require_fit(files, base_folder)
    rows = saved_rows(files.weights.tensors.values())
    if rows is not None and rows != base.get_input_embeddings().weight.shape[0]:
        base.resize_token_embeddings(rows, mean_resizing=False)
    try:
        model, missing, unexpected = _load(base, folder, is_trainable)
    except (RuntimeError, ValueError, KeyError, IndexError, TypeError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        # torch lists the mismatches below an uninformative first line.
        reason = printable(" ".join(line.strip() for line in lines[:2]))
        raise HarnessError(
            f"{folder}: peft cannot put it over {base_folder} ({reason:.300})"
        ) from None
    for what, names in (("are missing", missing), ("have no place in the model", unexpected)):
        if names:
            raise HarnessError(
                f"{folder}: {len(names)} of the adapter's tensors {what} ({excerpt(names[0])}), so "
                "peft would not apply all of it: save it again with save_pretrained"
            )
    return model.eval()


def _load(base: Any, folder: Path, is_trainable: bool) -> tuple[Any, list[str], list[str]]:
    """peft's model, with the names that are missing in the file or have no place in the model."""
    from peft import PeftModel

    # peft reads the file onto a GPU wherever there is one, also for a base on the CPU.
    how = {"is_trainable": is_trainable, "torch_device": str(base.device)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Found missing adapter keys")  # told by the second value
        model = PeftModel.from_pretrained(base, folder, **how)
    if model.active_peft_config.is_prompt_learning:
        return model, [], []
    # Loads the same again: ``from_pretrained`` keeps its result to itself.
    result = model.load_adapter(folder, "default", **how)
    unexpected = [name for name in result.unexpected_keys if not name.endswith(OWN_LEFTOVERS)]
    return model, list(result.missing_keys), unexpected
