"""The share of cases that flip without any change, from other runs, repeats and new answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.noise import batch_noise
from harness.records.baselines import read_baseline, save_baseline
from harness.records.runs import read_run, write_run
from harness.run.baseline_noise import BATCH_TOKENS, noise_again, noise_of_record
from tests.gating import FIRST, SECOND, run_of
from tests.project import GOOD, Project
from tests.synthetic import ADAPTER


def test_another_run_of_the_same_weights_measures_it(tmp_path: Path) -> None:
    first = run_of([True] * 50, FIRST)
    assert noise_of_record(first, [ADAPTER], tmp_path) is None
    write_run(run_of([i >= 3 for i in range(50)], SECOND), tmp_path)
    found = noise_of_record(first, [ADAPTER], tmp_path)
    assert found is not None
    assert (found.source, found.flip_rates) == (
        f"run {SECOND} of the same weights",
        {ADAPTER: 0.06},
    )


def test_a_runs_own_second_answers_go_before_another_run_and_stand_in_the_baseline(
    tmp_path: Path,
) -> None:
    first, again = run_of([True] * 50, FIRST), run_of([i >= 1 for i in range(50)], FIRST)
    own = replace(first, noise=(batch_noise(Side(first, ADAPTER), Side(again, ADAPTER)),))
    write_run(run_of([i >= 3 for i in range(50)], SECOND), tmp_path)
    found = noise_of_record(own, [ADAPTER], tmp_path)
    assert found is not None
    assert (found.source, found.flip_rates) == (
        "its second answers in other batches",
        {ADAPTER: 0.02},
    )
    saved = read_baseline(save_baseline("main", own, tmp_path / "baselines", noise=found))
    assert saved.record.noise == own.noise
    assert saved.noise == found


def test_repeats_measure_it_where_there_is_no_other_run(tmp_path: Path) -> None:
    """Two answers a case, of which one of ten cases passes once: 2 x 1 x 1 / (4 x 1) / 10."""
    once = run_of([True] * 10, FIRST)
    again = run_of([i > 0 for i in range(10)], FIRST)
    repeats = (replace(s, repeat=1) for s in again.samples)
    found = noise_of_record(
        replace(once, samples=(*once.samples, *repeats)), [ADAPTER], tmp_path / "none"
    )
    assert found is not None
    assert (found.source, found.flip_rates) == ("its repeats", {ADAPTER: 0.05})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def answering(project: Project, again: dict[str, str] | str) -> RunRecord:
    """A run whose model answers ``again`` when it is asked once more: a stored run."""
    project.store(again, "again")
    project.store(GOOD, "first")
    record = read_run(project.root / "stored/first")
    ref = "record:stored/again"
    task = replace(record.tasks[0], required=("json_validity", "no_extra_text"))
    return replace(
        record,
        models=(replace(record.models[0], ref=ref, weights_sha256=None),),
        tasks=(task,),
        samples=tuple(replace(s, model=ref) for s in record.samples),
    )


def test_asked_again_answers_are_judged_by_the_task_s_checks(project: Project) -> None:
    answers = {"ant": "Sure! " + GOOD, "bee": GOOD + " ", "cat": GOOD, "dog": GOOD}
    record = answering(project, answers)
    ref = record.models[0].ref
    found = noise_again(record, [ref], Path("tasks"))
    assert found.flip_rates == {ref: 0.25}
    assert found.source == f"asking again in batches of {BATCH_TOKENS:,} tokens"


def test_a_model_that_is_gone_or_changed_or_a_task_that_is_gone_is_a_line(project: Project) -> None:
    record = answering(project, GOOD)
    ref = record.models[0].ref
    gone = replace(
        record,
        models=(replace(record.models[0], ref="base:gone/model"),),
        samples=tuple(replace(s, model="base:gone/model") for s in record.samples),
    )
    with pytest.raises(HarnessError, match="gone/model: is not on this machine"):
        noise_again(gone, ["base:gone/model"], Path("tasks"))
    changed = replace(record, models=(replace(record.models[0], weights_sha256="a" * 64),))
    with pytest.raises(HarnessError, match="has other weights by now"):
        noise_again(changed, [ref], Path("tasks"))
    with pytest.raises(HarnessError):
        noise_again(record, [ref], Path("none"))
