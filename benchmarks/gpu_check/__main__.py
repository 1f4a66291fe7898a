"""Checks on a CUDA GPU: verdicts beside the CPU's, peaks of QLoRA trainings beside their estimates,
answers a second, and what happens when memory runs out or a process is killed.

    bash scripts/gpu_check.sh

The bundled recipes are trained on random weights in real shapes. Recipes and answers are timed
while nothing else runs; memory and verdicts do not depend on that, so many processes measure them
at once. Its parts take nine minutes at most: one that is not done by then is a failure. The
result, ``benchmarks/results/gpu_check.json``, is written after each part. Without a GPU it ends
with one line; ``--device cpu`` tries the path itself, with tiny shapes.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.gpu_check import answers, failures, trainings
from benchmarks.whole_run import ROOT
from harness.files.atomic import write_whole
from harness.machine.environment import environment
from harness.machine.hardware import machine

RESULT = ROOT / "benchmarks/results/gpu_check.json"
SECONDS = 540
AT_ONCE = 12
"""Parts that are measured at once, those that are not timed."""
GROUPS = ("recipes", "answers", "memory")
"""The first two are timed, each part while nothing else runs."""
NO_GPU = "gpu_check: there is no CUDA GPU here, so nothing was measured"
Part = dict[str, Any]
Measure = tuple[Part, Callable[[], Part]]
"""The name of a part, and its measurement."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--cases", type=int, default=100, help="of json_extraction, for each model")
    parser.add_argument("--groups", choices=GROUPS, nargs="+", default=GROUPS, help="of parts")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all parts")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda" and not machine()["gpus"]:
        raise SystemExit(NO_GPU)
    parts: list[Part] = []
    with tempfile.TemporaryDirectory() as temporary:
        for part in measured(chosen, Path(temporary)):
            parts.append(part)
            print(json.dumps(part), flush=True)
            _write(chosen.output, chosen.device, parts)
    is_right = all(part["is_right"] for part in parts)
    print(f"gpu_check: {'all as it should be' if is_right else 'NOT as it should be'}")
    raise SystemExit(0 if is_right else 1)


def measured(chosen: argparse.Namespace, folder: Path) -> Iterator[Part]:
    """The parts as they end: the timed ones by themselves, the others many at once."""
    how = (folder, chosen.device, time.monotonic() + chosen.seconds)
    groups = {"memory": _memory, "recipes": _recipes, "answers": _answers}
    for group in GROUPS:
        if group in chosen.groups:
            parts = groups[group](*how, chosen.cases)
            with ThreadPoolExecutor(AT_ONCE if group == "memory" else 1) as pool:
                waiting = [pool.submit(_or_failure, named, measure) for named, measure in parts]
                for done in as_completed(waiting):
                    yield done.result()


def _recipes(folder: Path, device: str, deadline: float, cases: int) -> Iterator[Measure]:
    for setting in trainings.timed(device):
        yield setting.named, partial(trainings.measured, setting, folder, device, deadline)


def _answers(folder: Path, device: str, deadline: float, cases: int) -> Iterator[Measure]:
    yield {"part": "answers a second"}, partial(answers.speed, folder, device)


def _memory(folder: Path, device: str, deadline: float, cases: int) -> Iterator[Measure]:
    how = (folder, device, deadline)
    yield {"part": "verdicts"}, partial(answers.verdicts, *how, cases)
    if device == "cuda":
        yield {"part": "out of memory"}, partial(failures.out_of_memory, folder)
        yield {"part": "killed"}, partial(failures.killed, folder)
    yield {"part": "the same adapter again"}, partial(trainings.again, *how)
    for setting in trainings.untimed(device):
        yield setting.named, partial(trainings.measured, setting, *how)


def _or_failure(named: Part, measure: Callable[[], Part]) -> Part:
    """What was measured, or why it was not."""
    began = time.monotonic()
    try:
        part = {**named, **measure()}
    except Exception as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        what = said.splitlines()[-1] if said else f"{type(error).__name__}: {error}"
        part = {**named, "is_right": False, "error": what[:300]}
    return {**part, "seconds": round(time.monotonic() - began, 1)}


def _write(path: Path, device: str, parts: Sequence[Mapping[str, Any]]) -> None:
    result = {
        "command": ["bash", "scripts/gpu_check.sh", *sys.argv[1:]],
        "device": device,
        "parts": parts,
        "machine": machine(),
        "environment": environment(ROOT),
    }
    write_whole(path, [json.dumps(result, indent=2) + "\n"])


if __name__ == "__main__":
    main()
