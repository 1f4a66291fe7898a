"""``harness data``, as a user types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
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
