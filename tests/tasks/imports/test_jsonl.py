"""Rows of one's own, with named columns."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.tasks.imports.importing import Imported, import_task
from harness.tasks.imports.jsonl import Columns, jsonl
from harness.tasks.imports.source import Source
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task, load_task

SCHEMA = {"type": "object", "required": ["who"]}
ROWS = [
    {"mail": "Ada wrote", "kind": "a", "fields": {"who": "Ada"}, "shape": SCHEMA},
    {"mail": "Bo wrote", "kind": "b", "fields": '{"who": "Bo"}', "shape": json.dumps(SCHEMA)},
]


def imported(
    folder: Path, columns: Columns, *rows: Any, name: str = "rows.jsonl", **options: Any
) -> tuple[Imported, Task]:
    file = folder / name
    if rows:
        file.write_text("".join(f"{json.dumps(r)}\n" for r in rows), "utf-8")
    source = Source(file)
    done = import_task(jsonl(source, columns, **options), source, folder / "task")
    return done, load_task(done.folder)


def test_columns_become_parts_of_a_case(tmp_path: Path) -> None:
    columns = Columns("mail", reference="fields", schema="shape", tags=("kind",))
    done, task = imported(tmp_path, columns, *ROWS, system="Say JSON.")
    assert done.grade.is_sound
    first, second = task.cases
    assert [m.content for m in first.messages] == ["Say JSON.", "Ada wrote"]
    assert (first.id, first.tags) == ("1", ("kind:a",))
    assert second.reference == {"who": "Bo"}
    found = judge_answer(second, Completion('{"by": "Bo"}', case_id="2"), task)
    failed = {n for n, v in found.items() if v.outcome.value == "failed"}
    assert {"schema_types", "exact_fields", "leaf_values"} <= failed


def test_a_prompt_with_places_and_one_schema_for_all(tmp_path: Path) -> None:
    (tmp_path / "shape.json").write_text(json.dumps(SCHEMA))
    columns = Columns("{kind}: {mail}", schema=str(tmp_path / "shape.json"))
    done, task = imported(tmp_path, columns, *ROWS)
    assert task.cases[1].prompt == "b: Bo wrote"
    assert task.schema_sha256 is not None
    assert (done.folder / "schema.json").is_file()


def test_a_table_of_texts(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('id,question,answer\nx,Why?,So.\ny,"How, then?",\n')
    columns = Columns("question", reference="answer", id="id")
    _, task = imported(tmp_path, columns, name="rows.csv", form="text")
    assert [(c.id, c.prompt, c.reference) for c in task.cases] == [
        ("x", "Why?", "So."),
        ("y", "How, then?", None),
    ]


def test_conversations(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    rows = [{"chat": messages}, {"chat": json.dumps(messages)}, {"chat": messages[:1]}]
    done, task = imported(tmp_path, Columns(messages="chat"), *rows)
    assert [len(c.messages) for c in task.cases] == [2, 2]
    assert done.refused[0].reason.startswith("messages: the last one must be the user's")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (Columns("mial"), "--prompt mial: {file} has no such column, did you mean 'mail'?"),
        (
            Columns("{kind} {x}"),
            "--prompt x: {file} has no such column, its columns are mail, kind",
        ),
        (Columns("mail", reference="field"), "--reference field: {file} has no such column"),
        (Columns("mail", schema="gone.json"), "--schema gone.json: {file} has no such column"),
        (Columns("mail", tags=("lang",)), "--tag-column lang: {file} has no such column"),
        (Columns(messages="chat"), "--messages chat: {file} has no such column"),
    ],
)
def test_a_column_that_is_not_there(tmp_path: Path, columns: Columns, said: str) -> None:
    with pytest.raises(HarnessError) as raised:
        imported(tmp_path, columns, *ROWS)
    assert str(raised.value).startswith(said.format(file=tmp_path / "rows.jsonl"))


def test_a_column_whose_name_has_no_place_in_a_prompt(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="--prompt e mail: such a name has no place"):
        imported(tmp_path, Columns("e mail"), {"e mail": "x"})


def test_rows_that_are_refused(tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        {**ROWS[0], "mail": ""},
        {**ROWS[0], "fields": "{"},
        {**ROWS[0], "shape": "shape.json"},
        {**ROWS[0], "fields": {"by": 1}},
        {"kind": "a"},
    ]
    columns = Columns("mail", reference="fields", schema="shape")
    done, _ = imported(tmp_path, columns, *rows)
    assert [r.where for r in done.refused] == [f"rows.jsonl:{n}" for n in (2, 3, 4, 6, 5)]
    assert done.refused[2].reason.startswith("shape: a text that is not valid JSON")
    assert (done.cases, done.grade.is_sound) == (1, True)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_schema_file_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "shape.json").write_text(content)
    with pytest.raises(HarnessError, match=r"--schema .*shape\.json"):
        imported(tmp_path, Columns("mail", schema=str(tmp_path / "shape.json")), *ROWS)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="is a folder, name the file with the rows"):
        jsonl(Source(tmp_path), Columns())
