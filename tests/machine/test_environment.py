"""What is recorded of the machine, and what it costs."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import __version__
from harness.machine.environment import environment


def git(directory: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=directory, check=True, capture_output=True)


def test_it_is_json_and_names_what_decides_a_run() -> None:
    found = environment()
    assert json.loads(json.dumps(found)) == found
    assert found["harness"] == __version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert isinstance(found["memory_mb"], int)
    assert found["memory_mb"] > 0
    assert isinstance(found["packages"], dict)
    assert "pydantic" in found["packages"]


def test_a_folder_outside_any_repository_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment(tmp_path)["git"] is None


def test_a_machine_without_git_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment(tmp_path)["git"] is None


def test_commit_and_dirty_flag(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert environment(tmp_path)["git"] == {"commit": None, "dirty": False}
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "a")
    clean = environment(tmp_path)["git"]
    assert isinstance(clean, dict)
    assert len(str(clean["commit"])) == 40
    assert clean["dirty"] is False
    (tmp_path / "untracked").write_text("1")
    assert environment(tmp_path)["git"] == clean
    (tmp_path / "a").write_text("2")
    assert environment(tmp_path)["git"] == {**clean, "dirty": True}


def test_torch_is_asked_only_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert environment()["gpus"] is None
    assert "torch" not in sys.modules
    device = SimpleNamespace(name="H9", total_memory=4_000_000_000)
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 1,
        get_device_properties=lambda index: device,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))  # type: ignore[arg-type]
    assert environment()["gpus"] == [{"name": "H9", "memory_mb": 4000}]
