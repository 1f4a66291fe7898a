"""The project of a command is the folder that a session of pytest takes for its rootdir."""

from pathlib import Path

import pytest
from _pytest.config.findpaths import determine_setup

from harness.files.project import in_project, project_folder


def layout(root: Path, *files: tuple[str, str]) -> Path:
    """The files below ``root``, and a folder two levels down to look from."""
    for name, text in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    here = root / "a/b"
    here.mkdir(parents=True, exist_ok=True)
    return here


PYTEST = "[tool.pytest.ini_options]\n"
LAYOUTS = {
    "pyproject with pytest's table": [("pyproject.toml", PYTEST)],
    "pyproject without": [("pyproject.toml", "[tool.harness]\n")],
    "the outer one configures pytest": [("pyproject.toml", PYTEST), ("a/pyproject.toml", "")],
    "the inner one does": [("pyproject.toml", PYTEST), ("a/pyproject.toml", PYTEST)],
    "neither does": [("pyproject.toml", ""), ("a/pyproject.toml", "")],
    "an empty pytest.ini": [("pytest.ini", ""), ("a/pyproject.toml", "")],
    "tox": [("a/tox.ini", "[pytest]\n"), ("pyproject.toml", PYTEST)],
    "tox without pytest": [("a/tox.ini", "[tox]\n"), ("pyproject.toml", PYTEST)],
    "setup.cfg": [("a/setup.cfg", "[tool:pytest]\nx = %(y)s\n"), ("pyproject.toml", "")],
    "setup.py": [("setup.py", "")],
    "native TOML": [("pytest.toml", ""), ("a/b/pyproject.toml", "[tool.pytest]\n")],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_is_pytest_s_rootdir(name: str, tmp_path: Path) -> None:
    here = layout(tmp_path, *LAYOUTS[name])
    taken = determine_setup(
        inifile=None, override_ini=None, args=[str(here)], rootdir_cmd_arg=None, invocation_dir=here
    )
    assert project_folder(here) == taken[0]


def test_a_damaged_file_is_the_project_s_to_complain_of(tmp_path: Path) -> None:
    here = layout(tmp_path, ("pyproject.toml", "[tool"))
    assert project_folder(here) == tmp_path


def test_paths_are_seen_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = layout(tmp_path, ("pyproject.toml", ""))
    monkeypatch.chdir(here)
    assert in_project("suites") == Path("../../suites")
    assert in_project(tmp_path / "x") == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    assert in_project("suites") == Path("suites")
