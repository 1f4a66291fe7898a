"""The commands that are struck, in a project of their own, and everything that each leaves."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STRIKE = Path(__file__).parent / "strike"
RUNS = "reports/runs"
BASE, ADAPTER = "models/tiny-qwen2", "models/tiny-qwen2-adapter"
SUITES = ("test_json_validity.py", "test_no_extra_text.py", "test_exact_fields.py")
TASK, CASES = "json_extraction", 24
LITTLE = ("--threads", "1", "--device", "cpu")
PYTEST = ("-m", "pytest", "-p", "harness.pytest_plugin", "-p", "no:cacheprovider", "-q", "suites")
HARNESS = ("-m", "harness")


@dataclass(frozen=True)
class Command:
    """One command line of the harness."""

    name: str
    arguments: tuple[str, ...]
    """Of Python."""
    made: str = ""
    """The file or folder that it writes; empty for one that only prints."""
    used: tuple[str, ...] = ()
    """Files that may be swapped while it runs."""
    again: tuple[str, ...] = ()
    """Arguments that let it write once more."""
    has_model: bool = False
    """Its models run in processes of their own."""

    @property
    def is_pytest(self) -> bool:
        return "pytest" in self.arguments

    @property
    def is_run(self) -> bool:
        """It leaves a run in ``reports/runs``."""
        return self.made == RUNS


def _pytest(name: str, model: str, *used: str, has_model: bool = True) -> Command:
    batches = ("--batch-tokens", "512", *LITTLE) if has_model else ()
    arguments = (*PYTEST, "--model", model, "--stall-seconds", "20", *batches)
    return Command(f"pytest {name}", arguments, RUNS, (*used, *_TASK_FILES), has_model=has_model)


def _harness(name: str, *arguments: str, **more: object) -> Command:
    return Command(name, (*HARNESS, *name.split(), *arguments), **more)  # type: ignore[arg-type]


_TASK_FILES = (f"tasks/{TASK}/cases.jsonl", f"tasks/{TASK}/task.yaml")
_WEIGHTS = f"{BASE}/model.safetensors"
_UPDATE = f"{ADAPTER}/adapter_model.safetensors"
_STORED = "stored/adapter"

COMMANDS = (
    _pytest("base", f"base:{BASE}", _WEIGHTS),
    _pytest("adapter", f"adapter:{ADAPTER}", _WEIGHTS, _UPDATE),
    _pytest("gguf", "gguf:tiny.gguf", "tiny.gguf"),
    _pytest("record", f"record:{_STORED}", f"{_STORED}/samples.jsonl", has_model=False),
    _harness("gate", "stored/base", _STORED, used=(f"{_STORED}/samples.jsonl",)),
    _harness("judge", "lines.jsonl", used=("lines.jsonl",)),
    _harness("report", _STORED, "-o", "page.html", made="page.html", used=(f"{_STORED}/run.json",)),
    _harness(
        "replay", _STORED, f"{TASK}-000", "--tasks-dir", "tasks", used=(_UPDATE,), has_model=True
    ),
    _harness("export gguf", BASE, "-o", "new.gguf", "--type", "q8_0", made="new.gguf",
             used=(_WEIGHTS,), again=("--force",)),
    _harness("export merge", ADAPTER, "-o", "merged", made="merged", used=(_WEIGHTS, _UPDATE),
             again=("--force",)),
    _harness("export lora", ADAPTER, "-o", "lora.gguf", made="lora.gguf", used=(_UPDATE,),
             again=("--force",)),
    _harness("train", "recipe.yaml", made="trained", used=(_WEIGHTS, "rows.jsonl"),
             again=("--overwrite",)),
    _harness("doctor", f"adapter:{ADAPTER}", used=(f"{ADAPTER}/adapter_config.json",)),
    _harness("task check", f"tasks/{TASK}", used=_TASK_FILES),
    _harness("parity", f"base:{BASE}", "gguf:tiny.gguf", "--limit", "6", *LITTLE, made=RUNS,
             used=(_WEIGHTS, "tiny.gguf"), has_model=True),
)  # fmt: skip

RECIPE = f"""\
method: sft
base: {BASE}
output: trained
data: {{train: [rows.jsonl]}}
lora: {{r: 4, lora_alpha: 8}}
max_steps: 3
per_device_train_batch_size: 4
threads: 1
"""


def python(root: Path, *arguments: str, **variables: str) -> dict[str, object]:
    """Arguments of ``Popen`` for Python in the project."""
    temporary = root / "tmp"
    temporary.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTEST_"))}
    paths = os.pathsep.join([str(STRIKE), str(ROOT)])
    environment = {**kept, "PYTHONPATH": paths, "TMPDIR": str(temporary), "NO_COLOR": "1"}
    return {
        "args": [sys.executable, *arguments],
        "cwd": root,
        "env": {**environment, "HARNESS_STRIKE_ROOT": f"{root}{os.sep}", **variables},
    }


def build(root: Path) -> None:
    """Write the project that all scenarios copy: models, a task, stored runs, lines, a recipe."""
    for folder in ("tiny-qwen2", "tiny-qwen2-adapter"):
        shutil.copytree(ROOT / "fixtures/models" / folder, root / "models" / folder)
    config = root / ADAPTER / "adapter_config.json"
    named = json.loads(config.read_text()) | {"base_model_name_or_path": BASE}
    config.write_text(json.dumps(named))
    shutil.copytree(ROOT / "fixtures/tasks" / TASK, root / "tasks" / TASK)
    cases = root / "tasks" / TASK / "cases.jsonl"
    cases.write_text("".join(cases.read_text("utf-8").splitlines(keepends=True)[:CASES]), "utf-8")
    (root / "suites").mkdir()
    for suite in SUITES:
        shutil.copy(ROOT / "suites" / suite, root / "suites")
    (root / "pyproject.toml").write_text('[tool.harness]\ntasks_dir = "tasks"\n')
    (root / "recipe.yaml").write_text(RECIPE)
    _run(root, *HARNESS, "export", "gguf", BASE, "-o", "tiny.gguf")
    for name, model in (("base", f"base:{BASE}"), ("adapter", f"adapter:{ADAPTER}")):
        stored = ("--report-dir", "stored", "--run-id", name)
        _run(root, *PYTEST, "--model", model, *stored, *LITTLE, codes=(0, 1))
    lines = list(_samples(root / "stored/adapter"))
    _write_lines(root / "lines.jsonl", (_line(s) for s in lines * 20))
    _write_lines(root / "rows.jsonl", map(_row, lines))


def _line(sample: dict) -> dict:
    prompt = "\n".join(m["content"] for m in sample["messages"])
    return {"id": sample["case_id"], "prompt": prompt, "completion": sample["completion"]["text"]}


def _row(sample: dict) -> dict:
    answer = {"role": "assistant", "content": sample["completion"]["text"]}
    return {"messages": [*sample["messages"], answer]}


def _write_lines(path: Path, values: Iterator[dict]) -> None:
    path.write_text("".join(json.dumps(v) + "\n" for v in values))


def _samples(run: Path) -> Iterator[dict]:
    yield from map(json.loads, (run / "samples.jsonl").read_text().splitlines())


def _run(root: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(**python(root, *arguments), capture_output=True, text=True)  # type: ignore[call-overload]
    if done.returncode not in codes:
        raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def contents(path: Path) -> dict[str, str]:
    """SHA-256 of each file in a file or folder, except of records that hold times."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    timed = {"export.json", "training.json", "README.md", "parity.json"}
    return {
        str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if p.name not in timed
    }
