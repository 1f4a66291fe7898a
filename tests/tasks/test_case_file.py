"""A line that is added to a task's cases."""

import pytest

from harness.core.errors import HarnessError
from harness.tasks.case_file import append_line, case_of_text, json_line
from harness.tasks.task import load_task
from tests.models import TASKS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"x\n"),
        (b"a\n", b"a\nx\n"),
        (b"a", b"a\nx\n"),
        (b"a\r\nb", b"a\r\nb\r\nx\r\n"),
    ],
)
def test_a_line_ends_as_the_others_do(tmp_path, before, after):
    file = tmp_path / "cases.jsonl"
    file.write_bytes(before)
    assert append_line(file, "x") == after.count(b"\n")
    assert file.read_bytes() == after


def test_a_file_that_is_not_there_is_begun(tmp_path):
    assert append_line(tmp_path / "new.jsonl", "x") == 1
    with pytest.raises(HarnessError, match="cannot be written"):
        append_line(tmp_path / "no folder" / "new.jsonl", "x")


def test_an_object_is_one_line_for_every_reader():
    assert json_line({"a": "é"}) == '{"a": "é"}'
    assert json_line({"a": "\u2028\x85\ud800"}) == '{"a": "\\u2028\\u0085\\ud800"}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": ""}', "id: string should have at least 1 character"),
        ('{"id": "x"}', "the prompt asks for {text}"),
        ('{"id": "x", "variables": {"text": "\\ud800"}}', "json"),
    ],
)
def test_a_case_that_cannot_stand_in_its_task_is_refused(line, reason):
    task = load_task(TASKS / "json_extraction")
    with pytest.raises(HarnessError) as error:
        case_of_text(line, task.file)
    assert reason.lower() in str(error.value).lower()
