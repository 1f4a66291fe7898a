"""Merges by peft the adapters that are more than a LoRA: DoRA, trained modules, new tokens.

peft loads the whole model in float32. This happens in a separate process, ``python -m
harness.export.merging.peft_merge BASE ADAPTER FOLDER DTYPE ROWS``, which releases its memory when
it ends and whose libraries print into a pipe.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.export.merging.adapter import Adapter
from harness.machine.memory import peak_resident_bytes

MARK = "merged: "
"""Prefix of the output line that holds the result."""
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
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, *arguments, str(trained_rows(adapter))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    answer = json.loads(answers[-1].removeprefix(MARK)) if answers else {}
    if done.returncode == 0 and "peak_bytes" in answer:
        return int(answer["peak_bytes"])
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    reason = answer.get("mistake", printable(last))
    raise HarnessError(f"{adapter.folder}: peft cannot merge it into {base} ({reason:.300})")


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


def _main(base: str, adapter: str, folder: str, dtype: str, rows: str) -> int:
    answer: dict[str, object]
    try:
        merge_here(base, adapter, folder, dtype, int(rows))
        answer = {"peak_bytes": peak_resident_bytes()}
    except Exception as error:  # of any kind: it is told in one line
        lines = str(error).splitlines() or [type(error).__name__]
        # torch lists the mismatches below an uninformative first line.
        answer = {"mistake": printable(" ".join(line.strip() for line in lines[:2]))}
    print(MARK + json.dumps(answer))
    return int("mistake" in answer)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
