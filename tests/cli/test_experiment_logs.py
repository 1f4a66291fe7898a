"""Commands that take runs or files take the log of an experiment."""

import json
import resource
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.case import Message
from tests.ab.lines import entry
from tests.models import TASKS
from tests.serve.running import GOOD, TEXT

TASK = TASKS / "json_extraction"
QUESTION = (Message("user", f"Extract it.\n{TEXT}"),)


def written(folder, entries):
    folder.mkdir()
    (folder / "a.jsonl").write_text("".join(json.dumps(e.to_json()) + "\n" for e in entries))
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A good answer of the baseline, a repaired one, and a bad one of the candidate."""
    rows = [
        entry(1, messages=QUESTION, text=GOOD),
        entry(2, messages=QUESTION, text=f"{GOOD} ]", is_repaired=True),
        entry(3, "candidate", passed=False, messages=QUESTION, text="no"),
    ]
    return written(tmp_path_factory.mktemp("with") / "texts", rows)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return written(tmp_path_factory.mktemp("without") / "texts", [entry(1), entry(2, "candidate")])


def run(*arguments):
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "kind",
    ["json", *(pytest.param(k, marks=pytest.mark.slow) for k in ("html", "markdown", "terminal"))],
)
def test_a_report_shows_both_arms_and_the_decision(log, tmp_path, kind):
    code, said = run("report", log, "--format", kind, "-o", tmp_path / "out")
    text = (tmp_path / "out").read_text()
    assert code == 0, said
    assert "INCONCLUSIVE" in text
    assert "base:baseline" in text
    assert "base:candidate" in text
    assert "not asked the same" not in text


def test_a_report_stands_in_the_folder_of_the_log(bare):
    assert run("report", bare, "--format", "json") == (0, f"report: {bare / 'report.json'}\n")


def test_answers_are_judged_before_repair(log):
    code, said = run("judge", log, "--task", TASK, "--summary")
    assert code == 0, said
    assert "read as the log of an experiment" in said
    row = next(line for line in said.splitlines() if line.startswith("json_validity"))
    assert row.split()[1:4] == ["33.3%", "1", "2"]


def test_an_answer_to_another_task_is_not_judged_by_this_one(log):
    code, said = run("judge", log / "a.jsonl", "--task", TASKS / "fan_timeline")
    assert code == 2
    assert "answers the task json_extraction, not fan_timeline" in said


def test_rows_are_the_answers_that_passed_as_they_were(log, tmp_path):
    code, said = run("data", "prepare", log, "-o", tmp_path / "data", "--split", "100/0/0")
    assert code == 0, said
    (row,) = (tmp_path / "data/train.jsonl").read_text().splitlines()
    assert json.loads(row)["completion"] == GOOD
    assert "the answer was repaired" in said


@pytest.mark.slow
def test_pairs_are_mined_of_both_arms_and_examples_of_one(log, tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    code, said = run("mine", log, "-o", pairs, "--tasks-dir", TASKS)
    assert code == 0, said
    mined = [json.loads(line) for line in pairs.read_text().splitlines()]
    kept = {tuple(row[side][-1]["content"] for side in ("chosen", "rejected")) for row in mined}
    assert kept == {(GOOD, "no"), (GOOD, f"{GOOD} ]")}
    code, said = run("mine", log, "-o", pairs, "--tasks-dir", TASKS, "--rejection-sampling",
                     "--model", "base:candidate")  # fmt: skip
    assert "no row to write" in said
    assert (
        "holds no answer to a task of --model x:y"
        in run("mine", log, "-o", pairs, "--model", "x:y", "--tasks-dir", TASKS)[1]
    )


@pytest.mark.parametrize(
    "command",
    [
        ("judge", "LOG", "--task", TASK),
        ("data", "prepare", "LOG", "-o", "OUT"),
        ("mine", "LOG", "-o", "OUT"),
        ("report", "LOG", "--format", "csv", "-o", "OUT"),
    ],
)
def test_a_log_without_texts_is_one_line(bare, tmp_path, command):
    places = {"LOG": bare, "OUT": tmp_path / "out"}
    code, said = run(*(places.get(a, a) if isinstance(a, str) else a for a in command))
    assert code == 2
    assert "holds no prompts and answers, harness serve --ab --log-text keeps them" in said
    assert said.count("\n") == 1


def test_a_log_beside_a_run_is_refused(bare):
    code, said = run("report", bare, "latest")
    assert (code, "latest: is no log of an experiment" in said) == (2, True)
    code, said = run("report", bare, "--before", "x")
    assert (code, "--before: a log has its two arms" in said) == (2, True)


@pytest.fixture
def rotated(tmp_path):
    """A log of three files: of the second a line is broken, the third has no answer to the task."""
    folder = tmp_path / "log"
    good = {"messages": QUESTION, "text": GOOD}
    bad = entry(2, "candidate", passed=False, messages=QUESTION, text="no")
    for name, found in (("a", entry(1, **good)), ("b", bad), ("c", entry(3, task="", **good))):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.jsonl").write_text(json.dumps(found.to_json()) + "\n")
    with (folder / "b.jsonl").open("a") as file:
        file.write('{"format": "harness.ab/1", "time": 1}\n')
    return folder


@pytest.mark.slow
def test_a_log_of_several_files_is_mined_as_one(rotated, tmp_path):
    code, said = run("mine", rotated, "-o", tmp_path / "pairs.jsonl", "--tasks-dir", TASKS)
    (row,) = (tmp_path / "pairs.jsonl").read_text().splitlines()
    assert json.loads(row)["rejected"][-1]["content"] == "no"
    assert f"Lines that cannot be read are passed over: {rotated}/b.jsonl:2:" in said
    assert code == 2


def test_a_report_says_which_lines_it_has_not(rotated, tmp_path):
    code, said = run("report", rotated, "--format", "json", "-o", tmp_path / "out.json")
    assert code == 0
    assert f"Lines that cannot be read are passed over: {rotated}/b.jsonl:2:" in said


def test_files_are_closed_as_they_are_judged(log, tmp_path, monkeypatch):
    folder = tmp_path / "log"
    folder.mkdir()
    line = (log / "a.jsonl").read_text().splitlines()[0] + "\n"
    for number in range(40):
        (folder / f"{number:02}.jsonl").write_text(line.replace("id-1", f"id-{number}"))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len([*Path("/dev/fd").iterdir()]) + 20, most[1]))
    try:
        code, said = run("judge", folder, "--summary")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert code == 0, said
