"""``harness data``, as a user types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fixtures.datasets.writing import write_dataset
from harness.cli import main
from harness.tasks.task import load_task
from tests.models import ROOT


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [
        {
            "task": {"description": f"Write function {i} over {i * 7} letters"},
            "agent": {"role": "coder"},
            "execution": {"output": f"def f{i}(): pass", "success": i % 5 != 0},
        }
        for i in range(30)
    ]
    Path("log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def data(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["data", *arguments])


def test_what_was_read_left_out_and_written_is_said() -> None:
    result = data("prepare", "log.jsonl", "-o", "out")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[0].startswith("read log.jsonl: collected interactions: task.description is the")
    assert lines[0].endswith("; 24 rows")
    assert lines[1] == (
        "left out 6 rows: execution.success is false: no example to imitate "
        "(the first is log.jsonl:1)"
    )
    assert lines[-2].startswith("written out: train ")
    assert lines[-2].endswith("; rejected.jsonl 6")
    assert lines[-1].startswith("next harness train RECIPE --set data.train=out/train.jsonl")
    assert json.loads(Path("out/metadata.json").read_text())["left_out"] == 6


def test_paths_and_system_messages_are_told_by_options() -> None:
    places = ("--prompt", "task.description", "--completion", "execution.output")
    system = ("--system-from", "agent.role", "--system", "coder=Write code.")
    assert data("prepare", "log.jsonl", "-o", "out", *places, *system).exit_code == 0
    row = json.loads(Path("out/train.jsonl").read_text().splitlines()[0])
    assert row["prompt"][0] == {"role": "system", "content": "Write code."}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "alpacca"), "--format alpacca: no such shape, did you mean 'alpaca'?"),
        (("--format", "alpaca", "--prompt", "a", "--completion", "b"), "give one"),
        (("--prompt", "a"), "--completion: name the place of that too"),
        (("--system-from", "a"), "--system-from needs --prompt and --completion"),
        (("--prompt", "a", "--completion", "b", "--system", "x=y"), "needs --system-from"),
        (("--prompt", "a", "--completion", "b", "--system", "x"), "expected NAME=TEXT"),
        (("--split", "80/20"), "--split 80/20: expected three percentages"),
    ],
)
def test_a_mistake_is_one_line(options: tuple[str, ...], message: str) -> None:
    result = data("prepare", "log.jsonl", "-o", "out", *options)
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.splitlines()) == 1
    assert not Path("out").exists()


def test_rows_with_faults_end_with_code_1() -> None:
    prompt = "Extract fields. Output ONLY valid JSON with keys name, date, amount.\nText: Ada"
    Path("rows.jsonl").write_text(json.dumps({"prompt": prompt, "completion": "Sure"}) + "\n")
    tasks = ("--tasks-dir", str(ROOT / "fixtures/tasks"))
    result = data("check", "rows.jsonl", "--task", "json_extraction", *tasks)
    assert result.exit_code == 1
    assert "json_validity: 1 answer" in result.output
    assert result.output.splitlines()[-1].startswith("verdict")
    result = data("check", "rows.jsonl", "--task", "json_extractio", *tasks)
    assert result.exit_code == 2
    assert "did you mean 'json_extraction'?" in result.output


PROMPT = "Extract fields. Output ONLY valid JSON with keys name, date, amount.\nText: {}"


def as_task(*arguments: str) -> Result:
    tasks = ("--tasks-dir", str(ROOT / "fixtures/tasks"))
    return data("task", "rows.jsonl", "--task", "json_extraction", "-o", "own", *tasks, *arguments)


def write_rows(*texts: str) -> None:
    answer = json.dumps({"name": "Ada", "date": "2024-01-05", "amount": 4.5})
    rows = [{"prompt": PROMPT.format(text), "completion": answer} for text in texts]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_rows_become_a_task_to_ask_and_to_mine() -> None:
    case = "tickets from Vikram Nakamura, $49.99, delivered 2022-08-24."
    write_rows("Ada was here on a Monday", case, "Bob sends nothing at all", "A third of them")
    result = as_task("--limit", "2")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines == [
        "read rows.jsonl: 4 rows",
        "left out 1 row that is like a case of a task",
        "written own/json_extraction: 2 cases",
        "next pytest suites/ --tasks-dir own --task json_extraction --model REF",
        "harness mine latest --tasks-dir own --references rows.jsonl -o pairs.jsonl",
    ]
    written = load_task(Path("own/json_extraction"))
    assert [c.id for c in written.cases] == ["rows.jsonl:1", "rows.jsonl:3"]
    assert written.cases[0].reference == {"name": "Ada", "date": "2024-01-05", "amount": 4.5}


def test_a_task_is_not_written_over() -> None:
    write_rows("Ada was here on a Monday")
    assert as_task().exit_code == 0
    again = as_task()
    assert (again.exit_code, "--overwrite replaces it" in again.output) == (2, True)
    assert as_task("--overwrite").exit_code == 0


def test_the_task_itself_is_never_written_over() -> None:
    write_rows("Ada was here on a Monday")
    result = data(
        "task", "rows.jsonl", "--task", "json_extraction", "--overwrite",
        *("-o", str(ROOT / "fixtures/tasks"), "--tasks-dir", str(ROOT / "fixtures/tasks")),
    )  # fmt: skip
    assert (result.exit_code, "is the task itself" in result.output) == (2, True)


def test_rows_that_are_all_cases_make_no_task() -> None:
    write_rows("tickets from Vikram Nakamura, $49.99, delivered 2022-08-24.")
    result = as_task()
    assert (result.exit_code, "are like cases of a task" in result.output) == (2, True)
    assert not Path("own").exists()


def test_generated_rows_replace_generated_rows_alone(tmp_path: Path) -> None:
    asked = ["data", "example", "fan_timeline", "--rows", "20", "-o", str(tmp_path)]
    for _ in range(2):
        assert CliRunner().invoke(main, asked).exit_code == 0
    (tmp_path / "metadata.json").unlink()
    (tmp_path / "train.jsonl").write_text("mine\n")
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 2
    assert "train.jsonl: holds rows that were not generated" in done.stderr
    assert (tmp_path / "train.jsonl").read_text() == "mine\n"
    assert CliRunner().invoke(main, [*asked, "--overwrite"]).exit_code == 0


def test_rows_of_an_example_task(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["data", "example", "fan_timeline", "--rows", "20", "-o", str(tmp_path / "made")]
    )
    assert done.output == f"written  {tmp_path}/made: train 16, val 2, test 2\n"
    write_dataset("fan_timeline", 20, 0, tmp_path / "same")
    for name in ("train.jsonl", "metadata.json"):
        assert (tmp_path / "made" / name).read_bytes() == (tmp_path / "same" / name).read_bytes()
    done = CliRunner().invoke(main, ["data", "example", "fan_timelin"])
    assert done.stderr == "harness: fan_timelin: no example task, did you mean 'fan_timeline'?\n"
