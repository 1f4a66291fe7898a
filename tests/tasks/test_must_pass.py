"""Starred cases become must-pass cases, and nothing else in the file changes."""

from pathlib import Path

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.core.review import ReviewedAnswer
from harness.tasks.generate.drawing import GENERATED
from harness.tasks.kept import kept_folders
from harness.tasks.must_pass import require_starred
from harness.tasks.task import load_task

LINES = (
    '{"id": "a",  "variables": {"word": "1.50"}}\r',
    '{"id": "b", "must_pass" : false, "variables": {"word": "\\"must_pass\\": false"}}',
    '{"id": "c", "variables": {"word": "z"}, "must_pass": true} ',
)


@pytest.fixture
def tasks_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "tasks/say"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(
        'description: x\nprompt: "Say {word}."\noutput: {format: text}\n'
    )
    (folder / "cases.jsonl").write_bytes("\n".join(LINES).encode())
    return tmp_path / "tasks"


def starred(*cases: str, task: str = "say") -> list[ReviewedAnswer]:
    return [ReviewedAnswer("r1", "base:m", task, case, must_pass=True) for case in cases]


def drawn(run: str) -> RunRecord:
    asked = (Message("user", "Say é."),)
    sample = Sample(
        "base:m",
        "say",
        "gen-1",
        "",
        asked,
        Completion("no"),
        tags=(GENERATED,),
        variables={"word": "é"},
    )
    return RunRecord(run, "complete", "2026-01-01T00:00:00Z", 1.0, "", samples=(sample,))


def test_a_line_gets_the_key_and_keeps_every_other_byte(tasks_dir: Path) -> None:
    done = require_starred(starred("a", "b", "c"), tasks_dir, drawn)
    assert [(f.case, f.line, f.change) for f in done] == [
        ("a", 1, "marked"),
        ("b", 2, "marked"),
        ("c", 3, "none"),
    ]
    lines = (tasks_dir / "say/cases.jsonl").read_bytes().decode().split("\n")
    assert lines == [
        '{"id": "a",  "variables": {"word": "1.50"}, "must_pass": true}\r',
        LINES[1].replace('"must_pass" : false', '"must_pass" : true'),
        LINES[2],
    ]
    assert all(case.must_pass for case in load_task(tasks_dir / "say").cases)


def test_a_kept_skill_is_not_written_into(tasks_dir: Path) -> None:
    cases = kept_folders()["kept_plain"] / "cases.jsonl"
    before = cases.read_bytes()
    with pytest.raises(HarnessError, match="kept_plain: is a kept skill, whose cases stay"):
        require_starred(starred("kept_plain-00", task="kept_plain"), tasks_dir, drawn)
    assert cases.read_bytes() == before


def test_a_drawn_case_gets_a_line_of_its_own(tasks_dir: Path) -> None:
    (done,) = require_starred(starred("gen-1"), tasks_dir, drawn)
    assert (done.line, done.change) == (4, "added")
    last = load_task(tasks_dir / "say").cases[-1]
    assert (last.id, last.must_pass, last.messages[0].content) == ("gen-1", True, "Say é.")


@pytest.mark.parametrize(
    ("review", "said"),
    [
        (starred("a", "gone"), "gone: say has no such case, and run r1 drew none"),
        (starred("a", task="../tasks/say"), "no such task"),
        ([ReviewedAnswer("r1", "base:m", "say", "a", verdict="wrong")], "has no star"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    review: list[ReviewedAnswer], said: str, tasks_dir: Path
) -> None:
    with pytest.raises(HarnessError, match=said):
        require_starred(review, tasks_dir, drawn)
    assert (tasks_dir / "say/cases.jsonl").read_bytes() == "\n".join(LINES).encode()
