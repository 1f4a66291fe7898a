"""Names that no file can have are a mistake in one line, whoever asks for the file."""

import errno
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import backends
from harness.cli import main
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.files.refused import refusal, refusals

LONG = "9" * 5_000


@pytest.mark.parametrize("kind", ["adapter", "base", "gguf", "merged"])
@pytest.mark.parametrize("location", [LONG, "a\0b", f"{'a/' * 300}{'9' * 256}"])
def test_a_model_of_such_a_name_is_refused(kind: str, location: str) -> None:
    with pytest.raises(HarnessError) as refused:
        backends.preflight(ModelRef(kind, location))
    assert len(str(refused.value)) < 3_000
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "command",
    ["report", "task check", "train", "init", "doctor gguf:", "compare", "replay"],
)
def test_a_command_ends_in_one_short_line(command: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    *words, last = f"{command} {LONG}".replace(": ", ":").split()
    done = CliRunner().invoke(main, [*words, last, *["x"] * (command in ("compare", "replay"))])
    assert done.exit_code == 2
    (line,) = done.output.splitlines()
    assert line.startswith("harness: ")
    assert "File name too long, mend that and run it again" in line
    assert len(line) < 300


def test_a_recipe_with_a_nul_in_a_name_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text('method: sft\nbase: "a\\0b"\noutput: o\ndata: {train: [x]}\n')
    done = CliRunner().invoke(main, ["train", "r.yaml"])
    assert done.exit_code == 2
    assert "a NUL character" in done.output


def test_other_errors_stay_what_they_are() -> None:
    assert refusal(OSError(errno.ENOENT, "not there")) is None
    assert refusal(ValueError("other")) is None
    with pytest.raises(ValueError, match="other"), refusals("x"):
        raise ValueError("other")
    with pytest.raises(HarnessError, match=r"^x: y: No space, mend that"), refusals("x"):
        raise OSError(errno.ENOSPC, "No space", "y")
