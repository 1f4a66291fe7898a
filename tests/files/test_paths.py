"""Paths below the working directory are shown without it."""

from pathlib import Path

from harness.files.paths import short_path


def test_only_what_lies_below_is_shortened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert short_path(tmp_path / "a" / "b") == Path("a/b")
    assert short_path(tmp_path.parent / "a") == tmp_path.parent / "a"
    assert short_path(Path("a")) == Path("a")
