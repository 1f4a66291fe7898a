"""Baselines: small, whole, explicit, and as good as the run they were made of."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.core.grade import FieldGrade, Grade
from harness.core.record import TimedAnswer
from harness.core.verdict import FailureCode, Verdict
from harness.records.baseline_file import MeasuredNoise, digest
from harness.records.baselines import (
    baseline_names,
    find_baseline,
    read_baseline,
    read_run_or_baseline,
    save_baseline,
)
from harness.records.runs import write_run
from tests.gating import gate, pair
from tests.synthetic import ADAPTER, BASE, BEHAVES, record, with_text

RUN = record(60)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "baselines"


def test_a_pipe_in_place_of_a_baseline_is_not_waited_for(root: Path) -> None:
    root.mkdir()
    os.mkfifo(root / "main.json")
    with pytest.raises(HarnessError, match="is no regular file"):
        read_baseline(root / "main.json")
    with pytest.raises(HarnessError, match="nobody reads"):
        save_baseline("main", RUN, root, is_replaced=True)


def edited(path: Path, change: Any) -> Path:
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    return path


def test_a_baseline_decides_as_its_run_does(root: Path) -> None:
    for flips in ({"broke": 14, "fixed": 4}, {}, {"broke": 3, "fixed": 2}):
        before, after = pair(300, **flips, templates=True)
        path = save_baseline("main", before, root, is_replaced=True)
        direct, stored = gate(before, after), gate(read_baseline(path).record, after)
        assert stored.outcome is direct.outcome
        assert stored.tasks[0].composite == direct.tasks[0].composite
        assert stored.tasks[0].behaviors == direct.tasks[0].behaviors


def test_verdicts_hashes_and_digests_are_kept_and_texts_are_not(root: Path) -> None:
    path = save_baseline("main", RUN, root)
    found = read_baseline(path)
    assert (found.name, found.has_texts) == ("main", False)
    assert [m.ref for m in found.record.models] == [BASE, ADAPTER]
    assert found.record.results == RUN.results
    for old, new in zip(RUN.samples, found.record.samples, strict=True):
        assert new.prompt_sha256 == old.prompt_sha256
        assert {n: (v.outcome, v.code) for n, v in new.verdicts.items()} == {
            n: (v.outcome, v.code) for n, v in old.verdicts.items()
        }
        assert (new.tags, new.template) == (old.tags, old.template)
    content = path.read_text()
    assert "Sure! Here is the JSON" not in content
    assert digest(RUN.samples[0].completion.text) in content


def test_it_is_small_and_an_answer_is_a_line(root: Path) -> None:
    path = save_baseline("main", record(300, [(ADAPTER, BEHAVES)]), root)
    assert path.stat().st_size < 120_000
    lines = [line for line in path.read_text().splitlines() if line.startswith('{"model"')]
    assert len(lines) == 300


def test_texts_are_kept_when_asked_for_whatever_they_are(root: Path) -> None:
    hostile = "\ud800 \x00 </script>\u2028 é"
    run = replace(RUN, samples=(with_text(RUN.samples[0], hostile), *RUN.samples[1:]))
    found = read_baseline(save_baseline("main", run, root, has_texts=True))
    assert found.has_texts
    texts = [s.completion.text for s in found.record.samples]
    assert texts == [s.completion.text for s in run.samples]


def test_one_model_of_a_run(root: Path) -> None:
    found = read_baseline(save_baseline("main", RUN, root, models=(ADAPTER,))).record
    assert [m.ref for m in found.models] == [ADAPTER]
    assert {s.model for s in found.samples} == {ADAPTER}
    assert {r.model for r in found.results} == {ADAPTER}


def test_replacing_one_is_said_aloud(root: Path) -> None:
    save_baseline("main", RUN, root)
    with pytest.raises(HarnessError, match="say --replace"):
        save_baseline("main", RUN, root)
    save_baseline("main", RUN, root, is_replaced=True)
    assert baseline_names(root) == ["main"]


def test_a_file_under_another_name_is_not_found_by_it(root: Path, tmp_path: Path) -> None:
    file = save_baseline("old", RUN, root)
    shutil.copy(file, root / "main.json")
    assert read_run_or_baseline("old", tmp_path, root).id == RUN.id
    assert read_run_or_baseline(str(root / "main.json"), tmp_path, root).id == RUN.id
    with pytest.raises(HarnessError, match="holds the baseline 'old' under another name"):
        read_run_or_baseline("main", tmp_path, root)


def test_no_baseline_takes_the_place_of_a_run(root: Path, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="always means the latest run"):
        save_baseline("latest", RUN, root)
    shutil.copy(save_baseline("main", RUN, root), root / "latest.json")
    write_run(replace(RUN, id="main"), tmp_path)
    write_run(replace(RUN, id="newest", created="2030-01-01T00:00:00Z"), tmp_path)
    assert read_run_or_baseline("latest", tmp_path, root).id == "newest"
    with pytest.raises(HarnessError, match="is a baseline and a run"):
        read_run_or_baseline("main", tmp_path, root)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (replace(RUN, status="partial"), "was interrupted"),
        (replace(RUN, samples=()), "no judged answer"),
        (
            replace(RUN, samples=tuple(replace(s, verdicts={}) for s in RUN.samples)),
            "no judged answer",
        ),
    ],
)
def test_a_partial_or_empty_run_makes_none(root: Path, run: Any, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        save_baseline("main", run, root)
    assert baseline_names(root) == []


@pytest.mark.parametrize("name", ["", ".", "../main", "a/b", "-x", "a" * 65, "a b"])
def test_a_name_is_a_file_s(root: Path, name: str) -> None:
    with pytest.raises(HarnessError, match="no name for a file"):
        save_baseline(name, RUN, root)


def _wrong_version(values: Any) -> None:
    values["baseline_version"] = 2


def _unknown_behavior(values: Any) -> None:
    values["samples"][0]["not_passed"] = {"else": "failed syntax"}


def _unknown_code(values: Any) -> None:
    values["samples"][0]["not_passed"] = {"json_validity": "failed else"}


def _twice(values: Any) -> None:
    values["samples"].append(values["samples"][0])


def _other_text(values: Any) -> None:
    values["samples"][0]["completion"] = "else"


def _no_share(values: Any) -> None:
    values["noise"] = {"source": "run x", "flip_rates": {ADAPTER: 1.5}}


def _no_run(values: Any) -> None:
    del values["run"]["id"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_wrong_version, "baseline_version 2 is unknown"),
        (_unknown_behavior, "'else' is not among the judged behaviors"),
        (_unknown_code, "'else' is not a valid FailureCode"),
        (_twice, "stands in it twice"),
        (_other_text, "not the one that was digested"),
        (_no_share, "1.5 of 'adapter:out/json_extraction' is no share below 1"),
        (_no_run, "run.id: Field required"),
    ],
)
def test_a_damaged_baseline_is_one_line(root: Path, change: Any, message: str) -> None:
    path = edited(save_baseline("main", RUN, root), change)
    with pytest.raises(HarnessError, match=message) as raised:
        read_baseline(path)
    assert len(str(raised.value).splitlines()) == 1
    assert str(path) in str(raised.value)


def test_a_name_is_found_wherever_a_run_is(root: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    write_run(RUN, runs)
    path = save_baseline("main", RUN, root, models=(ADAPTER,))
    assert len(read_run_or_baseline("main", runs, root).models) == 1
    assert len(read_run_or_baseline(str(path), runs, root).models) == 1
    assert read_run_or_baseline("latest", runs, root) == RUN
    with pytest.raises(HarnessError, match=r"neither a folder .* \(baselines: main\)"):
        read_run_or_baseline("mian", runs, root)
    with pytest.raises(HarnessError, match="did you mean 'main'"):
        find_baseline("mian", root)
    with pytest.raises(HarnessError, match="make one: harness baseline save NAME"):
        find_baseline("main", tmp_path)


def test_where_there_is_no_baseline_it_is_said_how_one_is_made(tmp_path):
    write_run(RUN, tmp_path)
    with pytest.raises(HarnessError, match=r"harness baseline save NAME makes one in .*none$"):
        read_run_or_baseline("main", tmp_path, tmp_path / "none")


def test_what_was_timed_is_kept_a_line_each_of_the_models_that_are_kept(root: Path) -> None:
    times = tuple(
        TimedAnswer(ref, "json_extraction", "pay-0001", "a" * 64, 0.5, 0.1, 20, i, 1.0)
        for i, ref in enumerate((BASE, ADAPTER, ADAPTER))
    )
    run = replace(RUN, timed=times, is_interleaved=True)
    path = save_baseline("main", run, root)
    found = read_baseline(path).record
    assert (found.timed, found.is_interleaved) == (times, True)
    lines = path.read_text().splitlines()
    assert sum('"first_token_seconds":0.1' in line for line in lines) == 3
    path = save_baseline("one", run, root, models=(ADAPTER,))
    assert read_baseline(path).record.timed == times[1:]


def test_a_baseline_of_before_there_was_timing_is_read(root: Path) -> None:
    path = save_baseline("main", RUN, root)

    def without(values: Any) -> None:
        del values["timed"]
        del values["run"]["is_interleaved"]

    assert read_baseline(edited(path, without)).record.timed == ()


def test_its_noise_and_that_it_is_not_the_first_run_are_kept(root: Path) -> None:
    noise = MeasuredNoise("run x of the same weights", {ADAPTER: 0.03})
    found = read_baseline(save_baseline("main", RUN, root, noise=noise, is_first=False))
    assert (found.noise, found.is_first) == (noise, False)

    def without(values: Any) -> None:
        del values["noise"]
        del values["is_first"]

    found = read_baseline(edited(root / "main.json", without))
    assert (found.noise, found.is_first) == (None, True)


def test_grades_and_weights_are_kept(root: Path) -> None:
    grade = Grade((FieldGrade("/amount", 2, 2, 1),))
    first, *rest = RUN.samples
    graded = Verdict.failed(FailureCode.WRONG_VALUE, "x").graded(grade)
    sample = replace(first, verdicts={**first.verdicts, "leaf_values": graded}, weight=3.0)
    path = save_baseline("main", replace(RUN, samples=(sample, *rest)), root)
    found = read_baseline(path).record.samples
    assert (found[0].verdicts["leaf_values"].grade, found[0].weight) == (grade, 3.0)
    assert found[1].weight == 1.0
