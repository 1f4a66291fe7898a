"""A model that is named by its path alone has the kind of what is there."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef

FILES = (
    "out/a/adapter_config.json",
    "out/a/config.json",
    "out/run-2/adapter_config.json",
    "out/merged/config.json",
    "out/merged/export.json",
    "out/base/config.json",
    "out/exported/export.json",
    "runs/1/run.json",
    "runs/2/run.partial.json",
    "out/m.gguf",
    "out/notes.txt",
    "ggufs/q4.gguf",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("out/a", "adapter:out/a"),
        ("out/a/+base=out/base", "adapter:out/a/+base=out/base"),
        ("out/run-*", "adapter:out/run-*"),
        ("out/merged", "merged:out/merged"),
        ("out/base", "base:out/base"),
        ("runs/1", "record:runs/1"),
        ("runs/1/run.json", "record:runs/1/run.json"),
        ("runs/2", "record:runs/2"),
        ("out/m.gguf", "gguf:out/m.gguf"),
        ("~/out/m.gguf", "gguf:out/m.gguf"),
    ],
)
def test_it_is_read_as(typed: str, read: str) -> None:
    assert str(ModelRef.parse(typed)) == read


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("out/none", "is not there; a model of the hub is base:out/none"),
        ("none", "is not there, expected kind:location"),
        ("out/exported", "no model is there (config.json, adapter_config.json or run.json)"),
        ("out/notes.txt", "is a file, and none of a model"),
        ("ggufs", "is a folder, name its file: ggufs/q4.gguf"),
    ],
)
def test_what_is_no_model(typed: str, said: str) -> None:
    with pytest.raises(HarnessError) as caught:
        ModelRef.parse(typed)
    assert said in str(caught.value)
