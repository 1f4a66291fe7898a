"""Memory that runs out on a GPU, and a process there that is killed.

python -m benchmarks.gpu_check.failures BASE     # answers with too little memory, says how
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.gpu_check.answers import base, prompts
from benchmarks.whole_run import ROOT
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.engine.events import Answered, Stepped
from harness.engine.model import EngineSettings
from harness.engine.process import RemoteModel

CRAMPED_GB = 2.0
"""For the allocator of a 0.5B model, which has 1 GB of weights."""
ALL_AT_ONCE = 10_000_000
"""Batch tokens with which all prompts are one batch."""
PROMPTS = 256
"""No more than one batch may hold."""
SECONDS = 150


def out_of_memory(folder: Path) -> dict[str, Any]:
    """All prompts in one batch that the memory does not hold: it is halved until it does."""
    path = base(folder, "cuda")
    command = [sys.executable, "-m", "benchmarks.gpu_check.failures", str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    is_halved = 1 < max(map(int, found["rows_together"])) < found["prompts"]
    return {**found, "is_right": is_halved and found["errors"] == 0}


def cramped(path: str) -> dict[str, Any]:
    """The answers of a process whose allocator may take ``CRAMPED_GB`` of the GPU."""
    import torch

    total = torch.cuda.get_device_properties(0).total_memory
    share = f"per_process_memory_fraction:{CRAMPED_GB * 1e9 / total:.6f}"
    # The second name is that of older versions of torch.
    os.environ.update({"PYTORCH_ALLOC_CONF": share, "PYTORCH_CUDA_ALLOC_CONF": share})
    requests = prompts(PROMPTS)
    settings = EngineSettings(device="cuda", dtype="bfloat16", batch_tokens=ALL_AT_ONCE)
    model = RemoteModel(ModelRef("base", path), settings)
    found = [completion for _, completion in model.answers(requests)]
    assert model.model is not None
    return {
        "gb": CRAMPED_GB,
        "prompts": len(requests),
        "rows_together": Counter(str(c.timing.batch_rows) for c in found if c.timing),
        "peak_mb": model.model.peak_memory_mb,
        **_errors(found),
    }


def killed(folder: Path) -> dict[str, Any]:
    """A process that is killed while it answers: its batch is lost, another one answers the rest,
    and the GPU's memory is free again."""
    path = base(folder, "cuda")
    settings = EngineSettings(device="cuda", dtype="bfloat16")
    model = RemoteModel(ModelRef("base", str(path)), settings)
    found: list[Completion] = []
    pid, before = 0, ""
    for event in model.events(prompts(2 * PROMPTS)):
        if isinstance(event, Stepped) and not pid:
            assert model._process is not None
            pid, before = model._process.popen.pid, _processes()
            os.kill(pid, signal.SIGKILL)
        elif isinstance(event, Answered):
            found.append(event.completion)
    errors = _errors(found)
    is_right = 0 < errors["errors"] < len(found) and f" {pid} " not in _processes()
    return {
        "had_memory": f" {pid} " in before,
        "has_memory": f" {pid} " in _processes(),
        "answers": len(found),
        **errors,
        "is_right": is_right,
    }


def _errors(found: list[Completion]) -> dict[str, Any]:
    errors = [c.error for c in found if c.error]
    return {"errors": len(errors), "reasons": sorted({error[:150] for error in errors})}


def _processes() -> str:
    """Ids of the processes that have memory of a GPU."""
    tool = shutil.which("nvidia-smi")
    assert tool is not None
    query = [tool, "--query-compute-apps=pid", "--format=csv,noheader"]
    said = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20)
    return " ".join(f" {line.strip()} " for line in said.stdout.splitlines())


if __name__ == "__main__":
    print(json.dumps(cramped(sys.argv[1])), flush=True)
