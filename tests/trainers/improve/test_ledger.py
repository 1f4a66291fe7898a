"""The ledger is only appended to, and a line that was being written is not there."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from trainers.improve.ledger import LEDGER, Round, append, read


def line(number: int) -> Round:
    return Round(
        number=number, method="rft", why="", prompts=3, left_out=0, pass_at_1=0.5, k=4,
        pass_at_k=None, rows=2, sampled_run="s", before_run="b", after_run="a", model="base:m",
        adapter="out/adapter", confidence=0.99, outcome="pass", sentence="", rates={"x": 0.5},
        trained_cases=0, is_kept=True,
    )  # fmt: skip


def test_lines_are_read_as_written(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    append(tmp_path, line(1))
    append(tmp_path, line(2))
    assert read(tmp_path) == [line(1), line(2)]


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    append(tmp_path, line(1))
    with (tmp_path / LEDGER).open("a") as file:
        file.write('{"number": 2, "met')
    assert read(tmp_path) == [line(1)]
    append(tmp_path, line(2))
    assert read(tmp_path) == [line(1), line(2)]


def test_a_line_that_is_no_round_is_an_error(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("{}\n")
    with pytest.raises(HarnessError, match=r"ledger.jsonl:1: is no round"):
        read(tmp_path)
