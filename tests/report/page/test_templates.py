"""Kept bytecode of templates: read again, never stale, and no fault where it cannot be kept."""

import os
import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from harness.report.page.templates import KeptTemplates


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "page.jinja").write_text("one {{ word }}")
    (tmp_path / "options").write_text("")
    return tmp_path


def rendered(folder: Path) -> tuple[str, bool]:
    """The page of a new environment, and whether its template was compiled for it."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        bytecode_cache=KeptTemplates(folder, folder / "options"),
        autoescape=True,
    )
    compiled: list[str] = []
    compile_template = environment.compile
    environment.compile = lambda *args, **named: (  # type: ignore[method-assign]
        compiled.append(args[0]) or compile_template(*args, **named)
    )
    return environment.get_template("page.jinja").render(word="<"), bool(compiled)


def test_a_template_is_compiled_once(folder: Path) -> None:
    assert rendered(folder) == ("one &lt;", True)
    assert rendered(folder) == ("one &lt;", False)
    assert [path.parent for path in folder.rglob("*.cache")] == [folder / "__pycache__"]


def test_another_text_and_other_options_are_compiled(folder: Path) -> None:
    rendered(folder)
    (folder / "page.jinja").write_text("two {{ word }}")
    assert rendered(folder) == ("two &lt;", True)
    os.utime(folder / "options", (1, 1))
    assert rendered(folder) == ("two &lt;", True)


@pytest.mark.parametrize("rest", ["", "no bytecode", "truncated"])
def test_damaged_bytecode_is_made_again(folder: Path, rest: str) -> None:
    rendered(folder)
    [kept] = folder.rglob("*.cache")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-20] if rest == "truncated" else rest.encode())
    assert rendered(folder) == ("one &lt;", True)
    assert rendered(folder) == ("one &lt;", False)


def test_nothing_is_kept_where_python_keeps_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(folder) == ("one &lt;", True)
    assert not (folder / "__pycache__").exists()


def test_a_folder_that_cannot_be_made_is_no_fault(folder: Path) -> None:
    (folder / "__pycache__").write_text("a file")
    assert rendered(folder) == ("one &lt;", True)
