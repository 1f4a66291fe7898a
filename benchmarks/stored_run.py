"""Time and memory of runs whose answers are all in the store, and what the store costs others.

    python -m benchmarks.stored_run

Stored: eight suites over 1,000 cases and two models, and one suite over 30 to 30,000 cases of one
model, each in a new process, medians of five. Their answers are the cases' references, put into the
store directly. Cost: 1,000 answers that a model generates, without a store and with an empty one,
in turns, and the share of the second's time that it spends on keys and in the store. The result is
written to ``benchmarks/results/stored_run.json`` with machine and versions.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings
from harness.files.cache_folder import STORE_VARIABLE
from harness.machine.environment import environment
from harness.records.completions import Completions, request_key
from harness.run.model_key import model_key
from harness.tasks.task import load_task

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/stored_run.json"
TASK = ROOT / "fixtures/tasks/json_extraction"
MODELS = ROOT / "fixtures/models"
BASE = f"base:{MODELS / 'tiny-qwen2'}"
ADAPTER = f"adapter:{MODELS / 'tiny-qwen2-adapter'}+base={MODELS / 'tiny-qwen2'}"
SUITES = (
    "json_validity", "no_extra_text", "schema_types", "bracket_repetition", "timestamp_sanity",
    "duplicate_keys", "exact_fields", "grounding",
)  # fmt: skip
SIZES = (30, 300, 3_000, 30_000)
GENERATED = 1_000
"""Cases of the run that finds nothing in the store."""
REPEATS = 5
TIMED = """
import atexit, time
from harness.run import stored_model

spent = []

def timed(owner, name):
    inner = getattr(owner, name)
    def outer(*given, **named):
        started = time.perf_counter()
        try:
            return inner(*given, **named)
        finally:
            spent.append(time.perf_counter() - started)
    setattr(owner, name, outer)

for owner, name in (
    (stored_model.SessionStore, "use"), (stored_model, "model_key"), (stored_model, "_by_key")
):
    timed(owner, name)
atexit.register(lambda: open("spent.txt", "w").write(str(sum(spent))))
"""
"""Adds up the time that the session spends on keys and in the store."""
HEAVY = ("torch", "transformers", "llama_cpp")


@dataclass(frozen=True)
class Measured:
    """One process, with those that it started."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


class Project:
    """A project in a folder of its own, with a store beside it."""

    def __init__(self, root: Path, cases: int) -> None:
        self.root, self.cases = root, cases
        task = root / "tasks/json_extraction"
        shutil.copytree(TASK, task)
        lines = (task / "cases.jsonl").read_text("utf-8").splitlines()
        with (task / "cases.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(_case(json.loads(lines[n % len(lines)]), n) for n in range(cases))
        (root / "suites").mkdir()
        for name in SUITES:
            shutil.copy(ROOT / f"suites/test_{name}.py", root / "suites")
        (root / "pyproject.toml").write_text('[tool.harness]\ntasks_dir = "tasks"\n', "utf-8")
        # The store must do without them, so they are not there.
        hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in HEAVY)
        (root / "hidden.py").write_text(f"import sys\n{hidden}", "utf-8")
        (root / "timed.py").write_text(TIMED, "utf-8")

    def pytest(
        self, suites: Iterable[str], models: Iterable[str], store: str, *more: str
    ) -> Measured:
        files = [f"suites/test_{name}.py" for name in suites]
        asked = [text for model in models for text in ("--model", model)]
        quiet = ("-q", "--tb=no", "--no-summary", "-p", "harness.pytest_plugin")
        command = [sys.executable, "-m", "pytest", *files, *asked, *quiet, *more]
        paths = os.pathsep.join([str(ROOT), str(self.root)])
        given = {**os.environ, STORE_VARIABLE: store, "PYTHONPATH": paths}
        return _measured(command, self.root, given)

    def fill(self, models: Iterable[str]) -> str:
        """Put every answer into the store; each model opens once, to say what it is."""
        store = str(self.root / "store")
        task = load_task(self.root / "tasks/json_extraction")
        references = {case.id: json.dumps(case.reference) for case in task.cases}
        for model in models:
            self.pytest(SUITES[:1], [model], store, "--limit", "1")
            key = model_key(ModelRef.parse(model), EngineSettings())
            assert key is not None, "the model is a folder"
            completions = Completions(Path(store))
            for request in task.requests(task.cases):
                answer = Completion(references[request.case_id])
                completions.keep(key, request_key(request), answer, "filled")
            completions.close()
        return store


def main() -> None:
    result: dict[str, Any] = {"environment": environment()}
    result["two models, eight suites"] = stored(1_000, SUITES, (BASE, ADAPTER))
    result["one model, one suite"] = [stored(n, SUITES[:1], (BASE,)) for n in SIZES]
    result["nothing stored"] = cost()
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(f"written: {RESULT}")


def stored(cases: int, suites: tuple[str, ...], models: tuple[str, ...]) -> dict[str, Any]:
    """Runs of which every answer is stored."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), cases)
        store = project.fill(models)
        run = partial(project.pytest, suites, models, store, "-p", "hidden")
        runs = [run() for _ in range(REPEATS)]
    found = {
        "cases": cases,
        "models": len(models),
        "suites": len(suites),
        "seconds": [round(r.seconds, 3) for r in runs],
        "median_seconds": round(statistics.median(r.seconds for r in runs), 3),
        "median_peak_mb": round(statistics.median(r.peak_mb for r in runs), 1),
    }
    print("  ".join(f"{key} {value}" for key, value in found.items()), flush=True)
    return found


def cost() -> dict[str, Any]:
    """The same run without a store and with an empty one, and what the second spends in it."""
    runs: dict[str, list[Measured]] = {"without": [], "with": []}
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), GENERATED)
        store = project.root / "store"
        for _ in range(REPEATS):
            for name, used in (("without", "false"), ("with", str(store))):
                shutil.rmtree(store, ignore_errors=True)
                runs[name].append(project.pytest(SUITES[:1], [BASE], used, "-p", "timed"))
            spent = float((project.root / "spent.txt").read_text("utf-8"))
            shares.append(round(spent / runs["with"][-1].seconds, 5))
    found: dict[str, Any] = {"cases": GENERATED, "share_in_the_store": statistics.median(shares)}
    for measure in ("seconds", "cpu_seconds"):
        each = {name: [getattr(run, measure) for run in own] for name, own in runs.items()}
        found[measure] = {name: [round(t, 3) for t in times] for name, times in each.items()}
        ratio = statistics.median(each["with"]) / statistics.median(each["without"])
        found[f"{measure}_ratio"] = round(ratio, 4)
    print("  ".join(f"{key} {value}" for key, value in found.items()), flush=True)
    return found


def _case(case: dict[str, Any], number: int) -> str:
    """A case with an id and a prompt of its own."""
    text = f"{case['variables']['text']} No. {number}."
    return json.dumps({**case, "id": f"case-{number:05}", "variables": {"text": text}}) + "\n"


def _measured(command: list[str], folder: Path, given: Mapping[str, str]) -> Measured:
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=given, stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    # 1: a budget is missed, which the tiny base does.
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(output)
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1_024 / 1e6)


if __name__ == "__main__":
    main()
