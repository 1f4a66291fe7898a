"""Exchanges that are kept: as cases of a task, and as rows to train on."""

import json
import shutil

from harness.tasks.task import load_task
from tests.chat.talking import say_back, session
from tests.chat.test_session import GOOD, LINE, talk
from tests.models import TASKS
from trainers.data.shapes.messages import SHAPE


def own_task(folder, name="json_extraction"):
    return shutil.copytree(TASKS / name, folder / name)


def test_a_case_is_added_once_and_loads(capsys, tmp_path):
    folder = own_task(tmp_path)
    before = (folder / "cases.jsonl").read_bytes()
    talking = session({"base:x": lambda *_: GOOD}, folder)
    out, err = talk(capsys, talking, LINE, "/reference", "/save case", "/retry", "/save case")
    after = (folder / "cases.jsonl").read_bytes()
    assert after.startswith(before)
    line = json.loads(after[len(before) :])
    assert line == {
        "id": line["id"],
        "variables": {"text": LINE},
        "reference": json.loads(GOOD),
        "tags": ["chat"],
    }
    assert load_task(folder).case(line["id"]).prompt.endswith(LINE)
    number = before.count(b"\n") + 1
    assert f"cases.jsonl:{number}: {line['id']}" in out
    assert f"judge it: pytest suites/ --task json_extraction --case {line['id']}" in out
    assert f"has this prompt already, as {line['id']}" in err


def test_a_case_of_another_file_is_checked_against_the_task(capsys, tmp_path):
    file = tmp_path / "own cases.jsonl"
    talking = session({"base:x": lambda *_: GOOD}, "json_extraction")
    out, _ = talk(capsys, talking, LINE, f"/save case '{file}'")
    assert "without a reference some behaviors skip it, /reference gives one" in out
    assert json.loads(file.read_text())["variables"] == {"text": LINE}
    file.write_text('{"id": "x", "variabels": {}}\n')
    talking = session({"base:x": lambda *_: GOOD}, "json_extraction")
    _, err = talk(capsys, talking, LINE, f"/save case '{file}'")
    assert err == (f"harness: {file}:1: variabels: unknown key, did you mean 'variables'?\n")


def test_a_row_is_one_that_the_trainers_read(capsys, tmp_path):
    file = tmp_path / "rows.jsonl"
    lines = ["Hi\u2028there", f"/save row {file}", "Go", f"/save row {file}"]
    out, _ = talk(capsys, session({"base:x": say_back}), *lines)
    first, second = map(json.loads, file.read_text("utf-8").splitlines())
    row = SHAPE.read(second, "rows.jsonl:2")
    assert [m.content for m in row.prompt] == ["Hi\u2028there", "1: Hi\u2028there", "Go"]
    assert row.completion == "3: Go"
    assert len(first["messages"]) == 2
    assert f"{file}:2: kept as a row to train on\n" in out


def test_of_several_answers_the_row_says_whose(capsys, tmp_path):
    file = tmp_path / "rows.jsonl"
    answers = {"base:x": lambda *_: "left", "gguf:y": lambda *_: "right"}
    lines = ["Hi", f"/save row {file}", f"/save row C {file}", f"/save row b {file}", "/save b"]
    _, err = talk(capsys, session(answers), *lines)
    usage = "harness: expected /save case|row [A|B] [FILE]\n"
    assert err == "harness: say whose answer: A or B\n" * 2 + usage
    assert json.loads(file.read_text())["messages"][-1]["content"] == "right"


def test_a_row_goes_into_no_file_of_other_rows(capsys, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n')
    _, err = talk(capsys, session({"base:x": say_back}), "Hi", f"/save row {file}", "/save case")
    assert err.splitlines() == [
        f"harness: {file}: its rows are no messages, name another file",
        "harness: a case belongs to a task: /task NAME before the question, or /save row",
    ]
    assert file.read_text().count("\n") == 1
