"""Merges by peft the adapters that are more than a LoRA: DoRA, trained modules, new tokens.

peft loads the whole model in float32. This happens in a separate process, ``python -m
harness.export.merging.peft_merge BASE ADAPTER FOLDER DTYPE ROWS``, which releases its memory when
it ends and whose libraries print into a pipe.
"""

import re
import sys
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.export.merging.adapter import Adapter
from harness.export.python_process import print_result, run_module
from harness.machine.memory import peak_resident_bytes

_ROWS = re.compile(r"(embed_tokens|wte|lm_head)\.(base_layer\.)?weight$")


def merge_by_peft(base: Path, adapter: Adapter, folder: Path, dtype: str) -> int:
    """Write the merged model's weights and configuration into ``folder``.

    Args:
        dtype: torch's name of the type to which the sum is rounded.

    Returns:
        Peak resident bytes of that process.

    Raises:
        HarnessError: peft failed, with its own reason.
    """
    arguments = [str(base.resolve()), str(adapter.folder.resolve()), str(folder.resolve()), dtype]
    try:
        found = run_module(__spec__.name, *arguments, str(trained_rows(adapter)))
    except (HarnessError, ChildProcessError) as error:
        reason = f"{error!s:.300}"
        raise HarnessError(
            f"{adapter.folder}: peft cannot merge it into {base} ({reason})"
        ) from None
    return int(found["peak_bytes"])


def trained_rows(adapter: Adapter) -> int:
    """Rows of the embedding or head that the adapter contains, since its vocabulary may have been
    extended; 0 where it contains none."""
    return next((t.shape[0] for t in adapter.others if _ROWS.search(t.name)), 0)


def merge_here(base: str, adapter: str, folder: str, dtype: str, rows: int) -> None:
    """Merge in this process; ``rows`` is the result of ``trained_rows``."""
    from harness.engine.hf.libraries import quiet

    quiet()
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if rows and rows != loaded.get_input_embeddings().weight.shape[0]:
        loaded.resize_token_embeddings(rows, mean_resizing=False)
    model: Any = PeftModel.from_pretrained(loaded, adapter)
    merged = model.merge_and_unload(safe_merge=True)
    merged.to(getattr(torch, dtype)).save_pretrained(folder)


def _merged(base: str, adapter: str, folder: str, dtype: str, rows: str) -> dict[str, int]:
    merge_here(base, adapter, folder, dtype, int(rows))
    return {"peak_bytes": peak_resident_bytes()}


if __name__ == "__main__":
    print_result(lambda: _merged(*sys.argv[1:]))
