"""``harness task check``, as a user types it."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from tests.models import ROOT

BUNDLED = ROOT / "fixtures/tasks/json_extraction"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a bundled task, with its first 30 cases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    folder = Path("tasks/payments")
    shutil.copytree(BUNDLED, folder)
    change(folder, lambda cases: cases[:30])
    return folder


def change(folder: Path, how) -> None:
    path = folder / "cases.jsonl"
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(c) + "\n" for c in how(cases)), "utf-8")


def quoted(cases):
    return [
        {**c, "reference": {**c["reference"], "amount": str(c["reference"]["amount"])}}
        for c in cases
    ]


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["task", "check", *arguments], catch_exceptions=False)


def test_a_sound_task_is_two_tables_and_a_line(folder: Path) -> None:
    result = check("tasks/payments")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    rows = [" ".join(line.split()) for line in lines]
    assert rows[0] == "behavior references pass corruptions that break it"
    assert "json_validity 30 of 30 300" in rows
    assert "corrupted reference judged right must fail" in rows
    assert "number quoted 30 of 30 exact_fields, schema_types, types" in rows
    assert "value wrong has no place" in rows
    said = (
        r"tasks/payments: sound, 30 of 30 references pass, (\d+) of \1 corrupted references fail .*"
    )
    assert re.fullmatch(said, lines[-1])
    assert lines[-1].endswith(", 30 not tried: the reference has no place for the defect")


def test_references_without_a_place_for_a_defect_are_told_from_those_that_have_one(
    folder: Path,
) -> None:
    task = folder / "task.yaml"
    task.write_text("description: d\nprompt: x\noutput: {format: json, exact: [/n]}\n", "utf-8")
    (folder / "cases.jsonl").write_text(
        '{"id": "a", "reference": {"n": 1}}\n{"id": "b", "reference": {}}\n', "utf-8"
    )
    rows = [" ".join(line.split()) for line in check("tasks/payments").output.splitlines()]
    assert "key dropped 1 of 1, 1 not tried exact_fields" in rows


def test_a_behavior_of_ones_own_that_crashes_is_one_printable_line(folder: Path) -> None:
    own = Path("suites/test_own.py")
    own.parent.mkdir()
    own.write_text(
        'def test_own(completion):\n    raise ValueError("\\x1b[31m ::error::x\\n##[error]")\n',
        "utf-8",
    )
    result = check("tasks/payments")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[-1] == "tasks/payments: broken, 1 mistake"
    assert (
        "case json_extraction-000: suites/test_own.py:2: own crashes "
        "(ValueError: ␛[31m ::error::x), mend the test"
    ) in lines


def test_one_line_says_what_the_wordings_can_bound(folder: Path) -> None:
    """1 - 0.05^(1/30) = 0.0950; 1 - 0.05^(1/59) = 0.0495; 1 - 0.05 = 0.95."""
    assert check("tasks/payments").output.splitlines()[-2] == (
        "30 wordings, 1 case each: where none of them breaks, a drop of up to 9.5 points over new "
        "wordings is not ruled out (95%); 59 would bound it at 5"
    )

    def made_from(count: int):
        return lambda cases: [
            {**cases[n % 30], "id": f"c{n}", "template": f"w{n % count}"} for n in range(70)
        ]

    change(folder, made_from(59))
    line = check("tasks/payments").output.splitlines()[-2]
    assert line.startswith("59 wordings, 1 to 2 cases each: where none of them breaks, ")
    assert "a drop of up to 5.0 points" in line
    assert line.endswith("; 59 bound it at 5")
    change(folder, lambda cases: [{**c, "template": "w"} for c in cases])
    line = check("tasks/payments").output.splitlines()[-2]
    assert line.startswith("1 wording, 70 cases each: where none of them breaks, ")
    assert "a drop of up to 95.0 points" in line


def test_a_broken_task_is_named_case_by_case_and_the_rest_is_counted(folder: Path) -> None:
    change(folder, quoted)
    result = check("tasks/payments")
    assert result.exit_code == 1
    named = [line for line in result.output.splitlines() if line.startswith("case ")]
    assert len(named) == 20
    assert named[0].startswith("case json_extraction-000: the reference fails schema_types: ")
    assert named[0].endswith('"49.99"')
    lines = result.output.splitlines()
    assert (lines[-3], lines[-1]) == ("and 40 more mistakes", "tasks/payments: broken, 60 mistakes")


def test_files_that_do_not_load_are_shown_with_their_lines(folder: Path) -> None:
    task = folder / "task.yaml"
    task.write_text(task.read_text("utf-8").replace("{text}", "{txt}"), "utf-8")
    result = check("tasks/payments")
    assert result.exit_code == 1
    assert result.output.startswith(
        "tasks/payments/cases.jsonl:1: variables: the prompt asks for {txt}, add it (there are: "
    )
    assert result.output.endswith("tasks/payments: broken, 21 mistakes\n")


def test_json_has_everything(folder: Path) -> None:
    change(folder, quoted)
    result = check("tasks/payments", "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert (found["is_sound"], found["name"], found["cases"]) == (False, "payments", 30)
    assert found["wordings"] == {"wordings": 30, "fewest_cases": 1, "most_cases": 1}
    assert found["unseen_drop"] == pytest.approx(1 - 0.05 ** (1 / 30))
    assert len(found["mistakes"]) == 60
    assert set(found["mistakes"][0]) == {"text", "case_id", "corruption"}
    types = next(b for b in found["behaviors"] if b["behavior"] == "types")
    assert types == {
        "behavior": "types",
        "applies": True,
        "passed": 0,
        "failed": 30,
        "skipped": 0,
        "corruptions": 0,
    }


def test_the_suites_of_the_project_say_which_names_there_are(folder: Path) -> None:
    task = folder / "task.yaml"
    task.write_text(task.read_text("utf-8").replace("budgets:", "budgets:\n  is_short: 1"), "utf-8")
    assert "no behavior 'is_short'" in check("tasks/payments").output
    own = Path("suites/test_own.py")
    own.parent.mkdir()
    own.write_text("def test_is_short(completion): ...\n", "utf-8")
    assert check("tasks/payments").exit_code == 0
    own.rename("test_own.py")
    assert check("tasks/payments").exit_code == 1
    assert check("tasks/payments", "--suites", ".").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "harness: nowhere: is no task, it has no task.yaml\n"),
        (["tasks"], "harness: tasks: is no task, it has no task.yaml\n"),
        (["tasks/payments", "--suites", "tasks"], "tasks: has no test_*.py with behaviors"),
        (["tasks/payments", "--suites", "nowhere"], "does not exist"),
        ([], "Missing argument 'DIR'"),
    ],
)
def test_mistakes_of_the_user_are_exit_code_2(folder: Path, arguments, message: str) -> None:
    result = check(*arguments)
    assert result.exit_code == 2
    assert message in result.output
