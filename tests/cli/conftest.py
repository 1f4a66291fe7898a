"""A folder of their own for commands that are called in this process."""

from pathlib import Path

import pytest


@pytest.fixture
def folder_outside_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, without the variables of GitHub Actions."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
