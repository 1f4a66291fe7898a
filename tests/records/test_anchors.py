"""The anchor stays when its baseline moves."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.records.anchors import keep_anchor, read_anchor, save_and_keep_anchor
from harness.records.baselines import (
    anchor_file,
    baseline_names,
    read_named_baseline,
    save_baseline,
)
from tests.synthetic import record

RUNS = [replace(record(12), id=f"20261120-13150{i}-aaaa") for i in range(3)]


def held(root: Path) -> tuple[str, str | None]:
    """The runs of the baseline and of its anchor."""
    anchor = read_anchor("main", root)
    return read_named_baseline("main", root).record.id, anchor and anchor.record.id


def test_the_first_one_saved_is_the_anchor_and_stays(tmp_path: Path) -> None:
    save_and_keep_anchor("main", RUNS[0], tmp_path)
    assert held(tmp_path) == (RUNS[0].id, RUNS[0].id)
    save_and_keep_anchor("main", RUNS[1], tmp_path, is_replaced=True)
    assert held(tmp_path) == (RUNS[1].id, RUNS[0].id)
    assert baseline_names(tmp_path) == ["main"]


def test_a_baseline_of_before_there_were_anchors_becomes_the_anchor(tmp_path: Path) -> None:
    save_baseline("main", RUNS[0], tmp_path)
    assert held(tmp_path) == (RUNS[0].id, None)
    save_and_keep_anchor("main", RUNS[1], tmp_path, is_replaced=True)
    assert held(tmp_path) == (RUNS[1].id, RUNS[0].id)


def test_but_not_one_of_other_cases(tmp_path: Path) -> None:
    save_baseline("main", replace(RUNS[0], plan_fingerprint="e" * 64), tmp_path)
    save_and_keep_anchor("main", RUNS[1], tmp_path, is_replaced=True)
    assert held(tmp_path) == (RUNS[1].id, RUNS[1].id)


def test_it_is_moved_to_the_baseline_or_to_another_run(tmp_path: Path) -> None:
    save_and_keep_anchor("main", RUNS[0], tmp_path)
    save_and_keep_anchor("main", RUNS[1], tmp_path, is_replaced=True)
    keep_anchor("main", tmp_path, is_moved=True)
    assert held(tmp_path) == (RUNS[1].id, RUNS[1].id)
    save_baseline("main", RUNS[2], tmp_path, is_replaced=True, is_anchor=True)
    assert held(tmp_path) == (RUNS[1].id, RUNS[2].id)


def test_the_anchor_of_another_baseline_is_refused(tmp_path: Path) -> None:
    save_and_keep_anchor("other", RUNS[0], tmp_path)
    shutil.copy(anchor_file("other", tmp_path), anchor_file("main", tmp_path))
    with pytest.raises(HarnessError, match="holds the baseline 'other' under another name"):
        read_anchor("main", tmp_path)


def test_no_baseline_takes_an_anchor_s_file(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="harness baseline anchor"):
        save_baseline("main.anchor", RUNS[0], tmp_path)
