"""Finds the folder of a project from any folder below it, by the rule of pytest's rootdir.

A command and a session of pytest that start in the same folder so work on the same project. pytest
looks from the common folder of its arguments; a command has none and looks from where it is.
"""

import configparser
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

PYPROJECT = "pyproject.toml"


def project_folder(start: Path) -> Path:
    """The nearest folder, from ``start`` upward, that configures pytest; else the nearest one with
    a ``pyproject.toml``, else with a ``setup.py``; else ``start``.
    """
    above = (start, *start.parents)
    return (
        next((folder for folder in above if configures_pytest(folder)), None)
        or _first_with(PYPROJECT, above)
        or _first_with("setup.py", above)
        or start
    )


def in_project(name: str | Path, start: Path | None = None) -> Path:
    """A path of the project, as seen from the working folder."""
    here = Path.cwd() if start is None else start
    return seen_from(here, project_folder(here), name)


def seen_from(here: Path, root: Path, name: str | Path) -> Path:
    """A path that is relative to ``root``, relative to ``here``; an absolute one as it is."""
    if root == here or Path(name).is_absolute():
        return Path(name)
    return Path(os.path.relpath(root / name, here))


def _first_with(name: str, folders: Iterable[Path]) -> Path | None:
    return next((folder for folder in folders if (folder / name).is_file()), None)


def configures_pytest(folder: Path) -> bool:
    """True where a file of the folder configures pytest."""
    return any((folder / name).is_file() and has(folder / name) for name, has in _FILES.items())


def _always(file: Path) -> bool:
    return True


def _has_section(section: str) -> Callable[[Path], bool]:
    def found(file: Path) -> bool:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            return bool(parser.read(file, "utf-8")) and parser.has_section(section)
        except (configparser.Error, OSError, ValueError):
            return False

    return found


def _has_table(file: Path) -> bool:
    try:
        tool = tomllib.loads(file.read_text("utf-8")).get("tool")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tool, Mapping) and bool(tool.get("pytest"))


_FILES: Mapping[str, Callable[[Path], bool]] = {
    "pytest.toml": _always,
    ".pytest.toml": _always,
    "pytest.ini": _always,
    ".pytest.ini": _always,
    PYPROJECT: _has_table,
    "tox.ini": _has_section("pytest"),
    "setup.cfg": _has_section("tool:pytest"),
}
"""By file: True where it configures pytest."""
