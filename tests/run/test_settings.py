"""``[tool.harness]`` is a table that fits, or one line for each mistake."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.run.settings import Settings, read_settings


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "[tool.harness]\n"])
def test_without_a_table_the_defaults_hold(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert read_settings(tmp_path) == Settings()
    assert read_settings(tmp_path / "none") == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool = 5", "tool.harness is no table, write [tool.harness]"),
        ("[tool]\nharness = 5", "tool.harness is no table"),
        ("[[tool.harness]]\n", "tool.harness is no table"),
        ("[tool", "not valid TOML"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ("x = 1" + "0" * 5000, "not valid TOML"),
        ("[tool.harness]\nstall_seconds = inf", "stall_seconds"),
        ("[tool.harness]\nmodels = 5", "models"),
        ("[tool.harness]\ngate = 5", "gate"),
    ],
)
def test_what_is_no_such_table_is_a_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(HarnessError) as caught:
        read_settings(tmp_path)
    (line,) = caught.value.mistakes
    assert line.startswith(f"{tmp_path}/pyproject.toml: ")
    assert message in line
