"""Answers of models on a GPU: their verdicts beside the CPU's, and how many come in a second."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.random_model import write_random_model
from benchmarks.whole_run import ROOT
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.model import EngineSettings
from harness.engine.process import RemoteModel
from harness.records.runs import read_run
from harness.tasks.task import load_task

MODELS = ROOT / "fixtures/models"
TASKS = ROOT / "fixtures/tasks"
PROMPTS = 512
NEW_TOKENS = 64
WARM_UP = 16
"""Prompts that are answered before the clock starts."""
BATCH_TOKENS = (None, 131_072)
"""Settings of ``--batch-tokens``; ``None`` is by the free memory."""
_WRITING = Lock()


def verdicts(folder: Path, device: str, deadline: float, cases: int) -> dict[str, Any]:
    """The bundled base and adapter on both devices: every verdict and every answer.

    In float32 the verdicts have to be equal; in shorter types they are counted.
    """
    kinds: dict[str, Mapping[str, str]] = {"float32": {"dtype": "float32"}}
    if device != "cpu":
        kinds |= {"bfloat16": {"dtype": "bfloat16"}, "nf4": {"quantize": "nf4"}}
    sides = ("cpu", device)
    started = {
        (kind, side): _started(folder, f"{kind}-{n}", side, options, cases)
        for kind, options in kinds.items()
        for n, side in enumerate(sides)
    }
    for process in started.values():
        process.wait(timeout=max(1.0, deadline - time.monotonic()))
    runs = {
        (kind, side): read_run(folder / f"{kind}-{n}")
        for kind in kinds
        for n, side in enumerate(sides)
    }
    found = {kind: _beside(runs[kind, "cpu"], runs[kind, device]) for kind in kinds}
    exact = found["float32"]
    devices = sorted({str(m.device) for kind in kinds for m in runs[kind, device].models})
    is_on = all(name.startswith(device) for name in devices)
    is_right = exact["cases"] > 0 and not exact["differing_verdicts"] and is_on
    return {"devices": devices, **found, "is_right": is_right}


def _started(
    folder: Path, run: str, device: str, options: Mapping[str, str], cases: int
) -> "subprocess.Popen[bytes]":
    models = [f"base:{MODELS}/tiny-qwen2", f"adapter:{MODELS}/tiny-qwen2-adapter"]
    named = [part for model in models for part in ("--model", model)]
    more = [part for key, value in options.items() for part in (f"--{key}", value)]
    command = [
        sys.executable, "-m", "pytest", "suites/", "-q", *named, "--task", "json_extraction",
        "--limit", str(cases), "--device", device, *more, "--fresh",
        "--report-dir", str(folder), "--run-id", run,
    ]  # fmt: skip
    # Its exit code is 1: the base is meant to fail.
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _beside(cpu: Any, other: Any) -> dict[str, Any]:
    judged, texts = [], []
    for run in (cpu, other):
        samples = {(s.model, s.case_id): s for s in run.samples}
        judged.append(
            {
                key: {name: v.outcome.value for name, v in sample.verdicts.items()}
                for key, sample in samples.items()
            }
        )
        texts.append({key: sample.completion.text for key, sample in samples.items()})
    keys = judged[0].keys() | judged[1].keys()
    differing = sorted(k for k in keys if judged[0].get(k) != judged[1].get(k))
    return {
        "cases": len(keys),
        "differing_verdicts": [f"{model} {case}" for model, case in differing],
        "equal_answers": sum(texts[0].get(k) == texts[1].get(k) for k in keys),
        "peak_mb": [[m.peak_memory_mb for m in run.models] for run in (cpu, other)],
    }


def base(folder: Path, device: str) -> Path:
    """A base in the shape of 0.5B with random weights, written once."""
    path = folder / "answering"
    with _WRITING:
        if not path.exists():
            if device == "cpu":
                write_random_model(path, shape="5m", layers=2)
            else:
                write_random_model(path)
    return path


def prompts(count: int = PROMPTS) -> list[Request]:
    """Prompts of all bundled tasks, whose answers all have ``NEW_TOKENS`` tokens: random weights
    hardly ever end one."""
    tasks = [load_task(path.parent) for path in sorted(TASKS.glob("*/task.yaml"))]
    sampling = Sampling(max_new_tokens=NEW_TOKENS)
    each = count // len(tasks)
    return [r for t in tasks for r in requests_for(t.name, t.cases[:each], sampling)]


def speed(folder: Path, device: str) -> dict[str, Any]:
    """Answers a second of one process; loading and a first round are left out."""
    path = base(folder, device)
    requests = prompts(PROMPTS if device != "cpu" else WARM_UP)
    settings = [*_settings(device)]
    models = [RemoteModel(ModelRef("base", str(path)), s, stays_open=True) for s in settings]
    for model in models:
        model.prewarm()
    try:
        for model in models:
            list(model.answers(requests[:WARM_UP]))
        rounds = [_round(model, requests) for model in models]
    finally:
        for model in models:
            model.close()
    texts = [found.pop("texts") for found in rounds]
    for found, own in zip(rounds, texts, strict=True):
        found["equal_to_first"] = sum(a == b for a, b in zip(own, texts[0], strict=True))
    named = {"shape": path.name, "prompts": len(requests), "new_tokens": NEW_TOKENS}
    is_right = all(found["errors"] == 0 for found in rounds)
    return {**named, "rounds": rounds, "is_right": is_right}


def _settings(device: str) -> Iterator[EngineSettings]:
    if device == "cpu":
        yield EngineSettings(device="cpu", dtype="float32")
        return
    for tokens in BATCH_TOKENS:
        yield EngineSettings(device=device, dtype="bfloat16", batch_tokens=tokens)
    yield EngineSettings(
        device=device, dtype="bfloat16", quantize="nf4", batch_tokens=BATCH_TOKENS[-1]
    )


def _round(model: RemoteModel, requests: list[Request]) -> dict[str, Any]:
    began = time.perf_counter()
    found = {request.key: completion for request, completion in model.answers(requests)}
    seconds = time.perf_counter() - began
    assert model.model is not None
    tokens = sum(len(c.token_ids) for c in found.values())
    rows = [c.timing.batch_rows for c in found.values() if c.timing]
    return {
        "dtype": model.settings.dtype,
        "quantize": model.settings.quantize,
        "batch_tokens": model.settings.batch_tokens,
        "seconds": round(seconds, 2),
        "answers_a_second": round(len(found) / seconds, 1),
        "new_tokens_a_second": round(tokens / seconds),
        "prompt_tokens": sum(c.prompt_tokens or 0 for c in found.values()),
        "rows_together": max(rows, default=0),
        "peak_mb": model.model.peak_memory_mb,
        "load_seconds": model.model.load_seconds,
        "errors": sum(c.error is not None for c in found.values()),
        "texts": [found[r.key].text for r in requests],
    }
