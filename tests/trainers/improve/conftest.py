"""A project with a task of 60 cases and 80 training rows, and commands that neither judge by pytest
nor train: a model passes the share of prompts that the test gives it."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import RunRecord
from harness.engine.fake_host import FakeHost
from harness.files.yaml_file import parse_yaml
from harness.gate.policy import GatePolicy
from harness.run.plan import PlannedTest, RunPlan
from harness.run.selection import Subject
from harness.run.session import Run
from harness.tasks.judging import judge_answer
from harness.tasks.task import load_task
from trainers.data.reading import read_rows
from trainers.improve.rounds import Improvement
from trainers.sft import Options

TASK = """
description: Echo a word.
prompt: "Echo the word below as JSON.\\nWord: {word}"
output: {format: json, exact: [/word]}
required: [json_validity]
budgets: {json_validity: 0.9, exact_fields: 0.8, latency_p95_seconds: 2}
"""


def prompt(word: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Echo the word below as JSON.\nWord: {word}"}]


def row(word: str) -> dict[str, Any]:
    return {"prompt": prompt(word), "completion": json.dumps({"word": word})}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tasks/echo"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK)
    cases = (
        {"id": f"c{i}", "variables": {"word": f"case{i}"}, "reference": {"word": f"case{i}"}}
        for i in range(60)
    )
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    rows = [row("case3"), *(row(f"train{i}") for i in range(79))]
    Path("train.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    Path("pyproject.toml").write_text('[tool.harness]\ntasks_dir = "tasks"\n')
    return tmp_path


@pytest.fixture
def loop(project: Path) -> Improvement:
    task = load_task(project / "tasks/echo")
    values = {
        "method": "sft",
        "base": "model",
        "output": "out",
        "data": {"train": "train.jsonl"},
        "learning_rate": 0.001,
        "max_steps": 7,
    }
    return Improvement(
        recipe=Options.model_validate(values),
        task=task,
        tasks=(task,),
        rows=tuple(read_rows(Path("train.jsonl"))[0]),
        goals={"json_validity": 0.9},
        rounds=3,
        prompts=40,
        answers=4,
        policy=GatePolicy(),
    )


@dataclass
class FakeCommands:
    """Judges by the task's checks alone, and 'trains' an adapter with the skill of its method."""

    gains: Mapping[str, float]
    """The share of prompts that an adapter passes, by the method of its recipe."""
    skills: dict[str, float] = field(default_factory=lambda: {"base:model": 0.4})
    """The same by model."""
    runs: dict[str, RunRecord] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    """The commands, in order."""
    dies_at: str = ""
    """The command that is killed, once."""

    def judge(self, model: str, log: Path, *options: str) -> RunRecord:
        self._do(log.stem)
        asked = dict(zip(options[::2], options[1::2], strict=True))
        task = load_task(Path(asked.get("--tasks-dir", "tasks")) / "echo")
        task = replace(task, repeats=int(asked.get("--repeats", 1)))
        ref = ModelRef.parse(model)
        subject = Subject(ref, task)
        run = Run(RunPlan.of([PlannedTest(subject)], run_id=f"run-{len(self.runs)}"), self._host())
        completions = run.completions(subject)
        tallies = {}
        for completion in completions:
            for name, verdict in judge_answer(
                task.case(completion.case_id), completion, task
            ).items():
                tally = tallies.setdefault(name, run.verdicts.begin(subject, name, None))
                run.verdicts.add(tally, completion, verdict)
        self.runs[run.plan.id] = run.record("complete", ("pytest",))
        return self.runs[run.plan.id]

    def train(self, recipe: Path) -> None:
        self._do(f"train {recipe}")
        values, _ = parse_yaml(recipe)
        assert isinstance(values, dict)
        adapter = Path(values["output"])
        adapter.mkdir(exist_ok=True)
        self.skills[f"adapter:{adapter}"] = self.gains[values["method"]]

    def read(self, run: str) -> RunRecord:
        return self.runs[run]

    def _do(self, command: str) -> None:
        if command == self.dies_at:
            self.dies_at = ""
            raise HarnessError("killed")
        self.done.append(command)

    def _host(self) -> FakeHost:
        return FakeHost(self._answer)

    def _answer(self, ref: ModelRef, request: Request) -> str:
        """A case that one model passes, every better one passes too."""
        place = zlib.crc32(f"{request.case_id}/{request.repeat}".encode()) % 100
        if place >= 100 * self.skills[str(ref)]:
            return "no"
        return json.dumps({"word": request.messages[-1].content.rpartition(" ")[2]})


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def say(said: list[str]) -> Callable[[str], None]:
    return said.append
