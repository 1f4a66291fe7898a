"""Wall time of a whole process that judges 300 cases, compared with lm-evaluation-harness.

    python -m benchmarks.whole_run --peer-python PATH/TO/VENV/bin/python

Both use the same prompts, chat template and model in float32, decode greedily to the same limit,
and end with a rate. The peer runs at several batch sizes and its best one counts. Runs alternate,
each in a new process; medians are compared. The result is written to
``benchmarks/results/whole_run.json`` with machine and versions. Run it on an idle machine, or both
sides with real-time priority on a busy one (``chrt -r``, recorded as ``has_priority``).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.machine.environment import environment
from harness.tasks.task import Task, load_task

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "fixtures/models/tiny-qwen2"
TASK = ROOT / "fixtures/tasks/json_extraction"
RESULT = ROOT / "benchmarks/results/whole_run.json"

# lm-evaluation-harness' own way to describe a task: generate until the end token, judge nothing.
PEER_TASK = """\
task: whole_run
dataset_path: json
dataset_kwargs: {{data_files: {{test: {cases}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{target}}}}"
generation_kwargs: {{until: [], do_sample: false, max_gen_toks: {limit}}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", required=True, help="an interpreter that has lm_eval")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare_peer(Path(folder), load_task(TASK))
        commands = {"ours": our_command(Path(folder))} | {
            f"lm-eval at batch {size}": peer_command(chosen.peer_python, Path(folder), size)
            for size in chosen.batch_sizes
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(chosen.repeats):
            for name, command in commands.items():
                seconds[name].append(timed(command))
                print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
    write(seconds, peer_version(chosen.peer_python))


def our_command(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "pytest", "suites/test_json_validity.py", "-q", "--tb=no",
        "--task", "json_extraction", "--model", f"base:{MODEL}", "--dtype", "float32",
        "--report-dir", str(folder / "runs"),
    ]  # fmt: skip


def peer_command(python: str, folder: Path, batch_size: int) -> list[str]:
    return [
        python, "-m", "lm_eval", "--model", "hf",
        "--model_args", f"pretrained={MODEL},dtype=float32",
        "--tasks", "whole_run", "--include_path", str(folder), "--apply_chat_template",
        "--device", "cpu", "--batch_size", str(batch_size), "--output_path", str(folder / "peer"),
    ]  # fmt: skip


def prepare_peer(folder: Path, task: Task) -> None:
    """Write the task in the peer's form: the prompt's text, and the reference as the target."""
    cases = folder / "cases.jsonl"
    rows = [{"prompt": c.prompt, "target": json.dumps(c.reference)} for c in task.cases]
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    text = PEER_TASK.format(cases=cases, limit=task.sampling.max_new_tokens)
    (folder / "whole_run.yaml").write_text(text, "utf-8")


def timed(command: list[str]) -> float:
    """Wall seconds of a process that exits with 0, or with pytest's 1: the base misses budgets."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def peer_version(python: str) -> str:
    program = "import importlib.metadata as m; print(m.version('lm_eval'), m.version('torch'))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True).stdout.strip()


def write(seconds: dict[str, list[float]], peer: str) -> None:
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    best = min((name for name in medians if name != "ours"), key=medians.__getitem__)
    result: dict[str, Any] = {
        "command": ["python", "-m", "benchmarks.whole_run", *sys.argv[1:]],
        "peer": f"lm_eval and torch {peer}",
        "seconds": seconds,
        "medians": medians,
        "best_of_the_peer": best,
        "ours_over_the_peers_best": medians["ours"] / medians[best],
        "has_priority": os.sched_getscheduler(0) != os.SCHED_OTHER,
        "load_average": os.getloadavg(),
        "environment": environment(ROOT),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(f"ours over the peer's best: {result['ours_over_the_peers_best']:.2f}")


if __name__ == "__main__":
    main()
