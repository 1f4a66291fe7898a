"""Time and memory of a 7B on the coder task, q4_k_m, answered one prompt at a time.

    python -m benchmarks.random_gguf /tmp/qwen7-q4_k_m.gguf
    python -m benchmarks.coder_7b /tmp/qwen7-q4_k_m.gguf

The bundled ``code_assistant`` is asked by pytest as a user asks it, its latency and memory budgets
are judged, and the run's record is read: loading, peak memory, tokens of prompts and answers a
second. Random weights end no answer, so each has the task's 128 tokens; the time of shorter ones is
computed from the two speeds. The result is written to ``benchmarks/results/coder_7b.json`` with
machine and versions. Run it on an idle machine: about 40 s for each case on two cores.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean, median
from typing import Any

import click

from harness.core.record import RunRecord
from harness.machine.environment import environment
from harness.model_files.gguf_header import read_gguf_header
from harness.records.runs import find_run, read_run

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/coder_7b.json"
TASK = "code_assistant"
LENGTHS = (20, 40, 60, 80, 128)
"""Tokens of answers whose time is computed."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--cases", default=10, show_default=True, help="Cases that are timed.")
def main(file: Path, cases: int) -> None:
    """Measure FILE."""
    with tempfile.TemporaryDirectory() as work:
        record = run(file, cases, Path(work))
    found = {"file": described(file), **measured(record), "environment": environment(ROOT)}
    RESULT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    click.echo(sentence(found))


def run(file: Path, cases: int, folder: Path) -> RunRecord:
    """The record of a run of the two budgets that are measured."""
    command = [sys.executable, "-m", "pytest", "suites/test_latency_budget.py"]
    command += ["suites/test_memory_budget.py", "--model", f"gguf:{file.resolve()}"]
    command += ["--task", TASK, "--limit", str(cases), "--report-dir", str(folder), "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: a budget is missed.
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return read_run(find_run("latest", folder))


def described(file: Path) -> dict[str, Any]:
    header = read_gguf_header(file)
    numel = sum(tensor.numel for tensor in header.tensors.values())
    return {"type": header.file_type, "mb": header.size_bytes / 1e6, "parameters": numel}


def measured(record: RunRecord) -> dict[str, Any]:
    (model,) = record.models
    prompts = prompt_tokens(record)
    timed = record.timed
    per_token = [(t.seconds - t.first_token_seconds) / max(1, t.tokens - 1) for t in timed]
    reading = fmean(t.first_token_seconds for t in timed)
    generating = median(per_token)
    return {
        "load_seconds": model.load_seconds,
        "peak_memory_mb": model.peak_memory_mb,
        "cases": len(timed),
        "prompt_tokens": prompts,
        "first_token_seconds": reading,
        "prompt_tokens_per_second": prompts / reading,
        "generated_tokens_per_second": 1 / generating,
        "answer_tokens": [t.tokens for t in timed],
        "answer_seconds": [t.seconds for t in timed],
        "seconds_by_answer_tokens": {n: reading + (n - 1) * generating for n in LENGTHS},
        "load": None if record.load is None else record.load.highest,
    }


def prompt_tokens(record: RunRecord) -> float:
    """Tokens of a prompt in the mean, as the model's own tokenizer has them."""
    from transformers import AutoTokenizer

    from harness.tasks.task import load_task

    # The file has the bundled tokenizer, with filler tokens that no text becomes.
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "fixtures/models/tiny-qwen2")
    task = load_task(ROOT / "fixtures/tasks" / TASK)
    counts = []
    for answer in record.timed:
        messages = [
            {"role": m.role, "content": m.content} for m in task.case(answer.case_id).messages
        ]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        counts.append(len(tokenizer(text)["input_ids"]))
    return fmean(counts)


def sentence(found: dict[str, Any]) -> str:
    times = ", ".join(f"{n}: {s:.1f} s" for n, s in found["seconds_by_answer_tokens"].items())
    return (
        f"loaded in {found['load_seconds']:.1f} s, peak {found['peak_memory_mb']:,.0f} MB, prompts "
        f"{found['prompt_tokens_per_second']:.1f} and answers "
        f"{found['generated_tokens_per_second']:.2f} tokens a second; answers by tokens: {times}"
    )


if __name__ == "__main__":
    main()
