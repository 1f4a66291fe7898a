"""A run says which of its cases an adapter was trained on, weeks after its training."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.modelref import ModelRef
from harness.core.record import ModelRecord, RunRecord
from harness.model_files.folders import ADAPTER_WEIGHTS
from harness.model_files.training_sketch import FILE, TrainingSketch
from harness.records.runs import read_run, write_run
from harness.run.plan import PlannedTest, RunPlan
from harness.run.recording import outline
from harness.run.selection import Subject
from harness.run.session import Run
from harness.run.trained_cases import with_trained_cases
from harness.tasks.task import Task


@pytest.fixture
def folder(tmp_path: Path, task: Task) -> Path:
    """An adapter that was trained on the cases ant and cat."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    texts = [task.case("ant").prompt, task.case("cat").prompt.upper(), "something else entirely"]
    with (folder / FILE).open("wb") as file:
        TrainingSketch.of(texts).write(file)
    (folder / "training.json").write_text(json.dumps({"result": {"adapter_sha256": "aa"}}))
    return folder


def record_with(folder: Path, task: Task, case_id: str | None = None, sha: str = "aa") -> RunRecord:
    ref = ModelRef("adapter", str(folder))
    return record_of(ref, task, {ADAPTER_WEIGHTS: sha}, case_id)


def record_of(
    ref: ModelRef, task: Task, files: dict[str, str], case_id: str | None = None
) -> RunRecord:
    plan = RunPlan.of([PlannedTest(Subject(ref, task, case_id))])
    run = Run(plan, host=_NoHost())  # type: ignore[arg-type]
    run.answers.models[ref] = ModelRecord(str(ref), ref.kind, "a", files=files, warnings=("first",))
    return with_trained_cases(outline(plan, run.answers, ()), plan)


class _NoHost:
    def release(self, keep: object) -> None:
        pass


def test_the_record_has_the_cases_and_a_warning(folder: Path, task: Task, tmp_path: Path) -> None:
    record = record_with(folder, task)
    (model,) = record.models
    assert model.trained_cases == {"echo": ("ant", "cat")}
    assert model.warnings == (
        "first",
        "2 of these 4 cases of echo were trained on (ant, cat): their rates say nothing about "
        "new prompts",
    )
    assert read_run(write_run(record, tmp_path / "runs")).models == record.models


def test_only_cases_that_were_asked_count(folder: Path, task: Task) -> None:
    (model,) = record_with(folder, task, "cat").models
    assert model.trained_cases == {"echo": ("cat",)}
    assert "1 of these 1 cases of echo was trained on" in model.warnings[1]
    (model,) = record_with(folder, task, "dog").models
    assert (model.trained_cases, model.warnings) == ({}, ("first",))


def test_without_a_sketch_of_these_weights_it_is_not_known(folder: Path, task: Task) -> None:
    (model,) = record_with(folder, task, sha="bb").models
    assert model.trained_cases is None
    (folder / FILE).unlink()
    (model,) = record_with(folder, task).models
    assert (model.trained_cases, model.warnings) == (None, ("first",))


def test_a_damaged_sketch_is_a_warning(folder: Path, task: Task) -> None:
    (folder / FILE).write_bytes(b"PK")
    (model,) = record_with(folder, task).models
    assert model.trained_cases is None
    assert "it is not known which cases the model was trained on" in model.warnings[1]


def test_a_replayed_run_keeps_what_it_knew(folder: Path, task: Task) -> None:
    record = record_with(folder, task)
    ref = ModelRef("record", "some-run")
    plan = RunPlan.of([PlannedTest(Subject(ref, task))])
    replayed = replace(record.models[0], ref=str(ref), kind="record", warnings=())
    (model,) = with_trained_cases(replace(record, models=(replayed,)), plan).models
    assert model.trained_cases == {"echo": ("ant", "cat")}
    assert len(model.warnings) == 1


@pytest.mark.parametrize("lora", ["", "+lora=a.gguf"])
def test_an_exported_file_has_the_sketch_beside_it(
    folder: Path, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lora: str
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "a.gguf" if lora else "m.gguf"
    shutil.copyfile(folder / FILE, tmp_path / f"{name}.{FILE}")
    outputs = {name: {"sha256": "cc", "bytes": 1}}
    (tmp_path / f"{name}.export.json").write_text(json.dumps({"outputs": outputs}))
    (tmp_path / name).touch()
    for sha256, found in (("cc", {"echo": ("ant", "cat")}), ("dd", None)):
        ref = ModelRef.parse(f"gguf:m.gguf{lora}")
        record = record_of(ref, task, {"m.gguf": "base", name: sha256})
        assert record.models[0].trained_cases == found
