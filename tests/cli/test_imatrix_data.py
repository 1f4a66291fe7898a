"""The data of ``--imatrix``: rows, tasks and files."""

import json

import pytest

from harness.cli._imatrix import importance_of
from harness.core.errors import HarnessError
from tests.models import TASKS


def rows(tmp_path, *values):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def test_rows_of_messages_and_of_prompts(tmp_path):
    turn = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    answered = [
        {"messages": turn},
        {"prompt": "a", "completion": "b"},
        {"prompt": turn[:1], "completion": turn[1:]},
    ]
    found = importance_of(str(rows(tmp_path, *answered, {"prompt": "c"})), None, 9).conversations
    assert found[0] == found[1] == found[2]
    assert [m.role for m in found[3]] == ["user"]


def test_rows_are_spread_over_all(tmp_path):
    path = rows(tmp_path, *({"prompt": str(n)} for n in range(100)))
    found = importance_of(str(path), None, 4).conversations
    assert [c[0].content for c in found] == ["0", "25", "50", "75"]


def test_a_task_by_name_and_by_folder():
    by_name = importance_of("json_extraction", TASKS, 7)
    assert by_name == importance_of(str(TASKS / "json_extraction"), None, 7)
    assert (by_name.name, len(by_name.conversations)) == ("json_extraction", 7)


@pytest.mark.parametrize(
    "row",
    [{"messages": []}, {"messages": [{"role": "x", "content": "a"}]}, {"prompt": 3}, [], 3, {}],
)
def test_a_row_that_is_none_is_named_by_its_line(tmp_path, row):
    path = rows(tmp_path, {"prompt": "a"}, row)
    with pytest.raises(HarnessError, match=r"rows\.jsonl:2: has neither messages"):
        importance_of(str(path), None, 9)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("none", "--imatrix none: no such task in"),
        ("no/such", "is no file and no task's folder"),
        ("bad.jsonl", "bad.jsonl:1: is no JSON"),
        ("empty.jsonl", "holds no row"),
        ("text.txt", "is neither a .jsonl nor an importance matrix"),
    ],
)
def test_other_data_is_refused(tmp_path, monkeypatch, data, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.jsonl").write_text("{")
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(HarnessError, match=said):
        importance_of(data, TASKS, 9)


def test_a_missing_folder_of_tasks_is_told_under_its_own_name(tmp_path):
    with pytest.raises(HarnessError) as error:
        importance_of("none", tmp_path / "no", 9)
    assert str(error.value).startswith(
        f"--imatrix none: is no file, and as a task: --tasks-dir {tmp_path}/no: no such folder"
    )
