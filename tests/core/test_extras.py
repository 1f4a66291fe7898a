"""A missing package is named with its extra, and with a command that installs it from here."""

import json
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from harness.core import extras
from harness.core.errors import HarnessError
from harness.core.extras import install, is_extra_missing, require, requirement
from tests.models import ROOT


class Noted:
    """What pip notes of an installation."""

    requires = ("torch>=2.6; extra == 'hf'", "click>=8.1", "ray>=2.49; extra == 'ray'")

    def __init__(self, direct_url: object) -> None:
        self.text = None if direct_url is None else json.dumps(direct_url)

    def from_name(self, name: str) -> "Noted":
        return self

    def read_text(self, name: str) -> str | None:
        return self.text


def command(noted: object, monkeypatch: pytest.MonkeyPatch, *names: str) -> str:
    monkeypatch.setattr(extras, "Distribution", Noted(noted))
    return install(*names)


def test_the_command_names_what_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "slm harness.whl"
    wheel.write_text("")
    for noted, names, expected in (
        (None, ("hf", "gguf"), "pip install 'slm-harness[hf,gguf]'"),
        ({"url": wheel.as_uri(), "archive_info": {}}, ("hf",), f"pip install '{wheel}[hf]'"),
        (
            {"url": tmp_path.as_uri(), "dir_info": {"editable": True}},
            ("ray",),
            f"pip install -e '{tmp_path}[ray]'",
        ),
        (
            {"url": "https://h/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            ("hf",),
            "pip install 'slm-harness[hf] @ git+https://h/r.git@c0ffee'",
        ),
    ):
        assert command(noted, monkeypatch, *names) == expected


def test_where_the_wheel_is_gone_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"url": "file:///no/such/slm.whl", "archive_info": {}}
    assert command(gone, monkeypatch, "hf") == "pip install 'torch>=2.6'"


def test_every_package_of_an_extra_is_known() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    for extra in set(optional) - {"docs", "dev"}:
        for text in optional[extra]:
            name = text.partition(">")[0]
            assert name in {package for package, _ in extras.MODULES.values()}
    for package, extra in extras.MODULES.values():
        assert any(text.startswith(package) for text in optional[extra]), package


def test_what_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"torch"}
    monkeypatch.setattr(extras, "find_spec", lambda name: name if name in there else None)
    require("this", "torch")
    with pytest.raises(HarnessError) as caught:
        require("--model base:x", "torch", "transformers", "tokenizers", "peft")
    assert caught.value.mistakes == (
        f"--model base:x: transformers, peft are not installed, {install('hf')}",
    )
    assert is_extra_missing(HarnessError("a", *(f"here: {m}" for m in caught.value.mistakes)))
    assert not is_extra_missing(HarnessError("a", "pip install b"))


@pytest.mark.parametrize(
    ("noted", "line"),
    [
        (None, "slm-harness[hf,train]==9"),
        ({"url": "file:///a/b.whl", "archive_info": {}}, "@ file:///a/b.whl"),
        (
            {"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "c1"}},
            "@ git+https://h/r@c1",
        ),
        (
            {
                "url": "https://h/r",
                "vcs_info": {"vcs": "git", "commit_id": "c1"},
                "subdirectory": "py",
            },
            "@ git+https://h/r@c1#subdirectory=py",
        ),
    ],
)
def test_a_requirement_names_the_place_that_pip_installed_from(tmp_path, monkeypatch, noted, line):
    notes = tmp_path / "slm_harness-9.dist-info"
    notes.mkdir()
    (notes / "METADATA").write_text("Metadata-Version: 2.1\nName: slm-harness\nVersion: 9\n")
    if noted is not None:
        (notes / "direct_url.json").write_text(json.dumps(noted))
    monkeypatch.syspath_prepend(tmp_path)
    found = requirement("hf", "train")
    Requirement(found)
    assert found.endswith(line)
    assert found.startswith("slm-harness[hf,train]")


def test_a_checkout_that_nobody_installed_is_the_place_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras.Distribution, "from_name", nowhere)
    assert requirement("hf") == f"slm-harness[hf] @ {ROOT.as_uri()}"
    assert install("hf") == f"pip install '{ROOT}[hf]'"
