"""Workflow commands: at most ten, each one line, none of a model's making."""

import re
from pathlib import Path

import pytest

from harness.gate.policy import GatePolicy
from harness.report.annotations import annotations, line_of
from harness.report.console.decision import text
from harness.report.report import report_on
from tests.gating import pair
from tests.report.hostile import EVERYTHING, HOSTILE
from tests.report.test_markdown import hostile

TASKS = Path("fixtures/tasks")
OBEYED = "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]"
"""Characters that a terminal would act upon, or that UTF-8 cannot hold."""


def test_one_summary_and_nine_cases() -> None:
    found = [*annotations(report_on(*pair(300, broke=14), policy=GatePolicy()), TASKS)]
    assert len(found) == 10
    assert found[0].startswith("::error title=harness gate::REGRESSION: format_success_rate fell")
    assert found[0].endswith(" 14 broke: all do not parse.")
    assert found[1].startswith("::error file=fixtures/tasks/json_extraction/cases.jsonl,line=1,")


@pytest.mark.parametrize(("cases", "level"), [(300, "notice"), (30, "warning")])
def test_what_did_not_break_is_one_line(cases: int, level: str) -> None:
    (found,) = annotations(report_on(*pair(cases), policy=GatePolicy()), TASKS)
    assert found.startswith(f"::{level} title=harness gate::")


@pytest.mark.parametrize("hostility", [*HOSTILE, EVERYTHING])
def test_no_command_is_a_model_s(hostility: str) -> None:
    before, after = pair(30, broke=20)
    report = report_on(hostile(before, hostility), hostile(after, hostility), policy=GatePolicy())
    found = [*annotations(report, TASKS)]
    assert all("\n" not in line and "\r" not in line for line in found)
    for line in found:
        head, _, message = line.removeprefix("::").partition("::")
        assert head.startswith("error ")
        assert "::" not in message
        assert "##[" not in line
    for line in text(report.decision):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert not re.search(OBEYED, line)


def test_the_line_of_a_case(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a"}\n\nnot json\n[]\n{"id": "b"}\n')
    assert line_of(file, "b") == 5
    file.write_text('{"id": "\u2028", "text": "one\x0ctwo\u2028"}\n{"id": "b"}\n', "utf-8")
    assert (line_of(file, "\u2028"), line_of(file, "b")) == (1, 2)
    assert line_of(file, "c") == 1
    assert line_of(tmp_path / "nothing", "b") == 1
