"""``harness task import``: what it writes, says and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from tests.benchmark_rows import IFSTRUCT, MASKBENCH, SOB


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *rows: Any) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["task", "import", *arguments])


def test_it_says_what_it_wrote_refused_and_judges_otherwise() -> None:
    write("clone/data/test.jsonl", IFSTRUCT, {**IFSTRUCT, "seed": 2, "output_format": "xml"})
    done = run("ifstruct", "clone", "-o", "tasks/ifstruct")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[:5] == [
        "wrote tasks/ifstruct/: 1 case of 2 rows",
        "  commit   unknown, the source says none",
        "  licence  none stands in the source, ask its authors",
        "refused 1 row:",
        "  data/test.jsonl:2: output_format: 'xml' is neither json nor yaml",
    ]
    assert any(line.startswith("  the number 1.0 where an integer") for line in lines)
    assert lines[-1].startswith("tasks/ifstruct: sound")
    checked = CliRunner().invoke(main, ["task", "check", "tasks/ifstruct"])
    assert checked.exit_code == 0, checked.output


def test_the_document() -> None:
    write("rows.jsonl", IFSTRUCT, {})
    done = run("ifstruct", "rows.jsonl", "-o", "t", "--json", "--max-new-tokens", "99")
    found = json.loads(done.stdout)
    assert found["command"] == "task import ifstruct"
    assert (found["folder"], found["rows"], found["cases"], found["is_sound"]) == ("t", 2, 1, True)
    assert found["refused"] == [{"where": "rows.jsonl:2", "reason": "has no output_format"}]
    assert found["differences"][0].keys() == {"about", "official", "here", "why"}
    assert "max_new_tokens: 99" in Path("t/task.yaml").read_text()


def test_every_source_has_its_word() -> None:
    write("maskbench.json", MASKBENCH)
    write("sob.jsonl", SOB)
    write("rows.jsonl", {"q": "Why?", "a": "So."})
    for arguments, said in {
        ("jsonschemabench", "maskbench.json", "-o", "m", "--prompt", "{schema}!"): "{schema}!",
        ("sob", "sob.jsonl", "-o", "s", "--weighted", "--system", "Say JSON."): "Say JSON.",
        (
            *("jsonl", "rows.jsonl", "-o", "j", "--prompt", "q"),
            *("--reference", "a", "--format", "text", "--max-new-tokens", "7"),
        ): "max_new_tokens: 7",
    }.items():
        done = run(*arguments)
        assert done.exit_code == 0, done.output
        assert said in Path(arguments[3], "task.yaml").read_text()
    assert '"weight": 2.0' in Path("s/cases.jsonl").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ifstruc", "x", "-o", "t"), "no command 'ifstruc', did you mean 'ifstruct'?"),
        (("ifstruct", "gone", "-o", "t"), "gone: is not there, name a clone or a file"),
        (("ifstruct", "empty.jsonl", "-o", "t"), "empty.jsonl: holds no row"),
        (("jsonl", "empty.jsonl", "-o", "t", "--prompt", "q"), "empty.jsonl: holds no row"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(arguments: tuple[str, ...], said: str) -> None:
    write("empty.jsonl")
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"harness: {said}")
    assert not Path("t").exists()
