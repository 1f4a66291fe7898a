"""Extras and versions, out of what pip noted."""

import tomllib

import pytest
from packaging.specifiers import SpecifierSet

from harness.core.extras import install
from harness.machine import packages
from tests.models import ROOT

INTERNAL = {"dev", "docs"}
"""Extras for working on the harness itself."""


class Noted:
    """Distributions as pip notes them: a version, and what they need."""

    def __init__(self, **known):
        self.known = {name.replace("_", "-"): found for name, found in known.items()}

    def from_name(self, name):
        if name not in self.known:
            raise packages.PackageNotFoundError
        version, *requires = self.known[name]
        return type("Found", (), {"version": version, "requires": requires})


@pytest.fixture
def installed(monkeypatch):
    def install(**known):
        monkeypatch.setattr(packages, "Distribution", Noted(**known))

    return install


def test_each_extra_of_the_project_says_what_it_gives():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(packages.GIVES) == {*project["optional-dependencies"]} - INTERNAL


def test_an_extra_is_whole_in_part_or_not_there(installed):
    installed(torch=["2.9"], ray=["2.60"])
    found = {extra.name: extra for extra in packages.extras()}
    assert (found["ray"].versions, found["ray"].lacks) == ({"ray": "2.60"}, ())
    assert found["hf"].versions == {"torch": "2.9"}
    assert "peft" in found["hf"].lacks
    assert (found["serve"].versions, found["serve"].install) == (
        {},
        install("serve"),
    )


def test_a_version_that_somebody_does_not_take_is_found(installed):
    installed(
        torch=["2.4.0+cpu"],
        click=["8.5"],
        transformers=["5.2", "tokenizers<0.23", "ruff>99; extra == 'dev'", "torch<1; os_name=='x'"],
        tokenizers=["0.23.1"],
        ruff=["0.1"],
    )  # fmt: skip
    found = [(m.package, m.wanted, m.by) for m in packages.mismatches()]
    assert found == [
        ("torch", "torch>=2.6", "slm-harness"),
        ("tokenizers", "tokenizers<0.23", "transformers"),
    ]
    assert "numpy" in packages.missing()
    assert "click" not in packages.missing()


@pytest.mark.parametrize(
    ("peft", "transformers", "clash"),
    [("0.17.1", "5.0", True), ("0.18.0", "5.0", False), ("0.17.1", "4.57", False)],
)
def test_versions_that_clash_are_found(installed, peft, transformers, clash):
    installed(peft=[peft], transformers=[transformers])
    assert [c.package for c in packages.clashes()] == ["peft"][: int(clash)]


def test_the_table_of_clashes_can_be_read():
    for clash in packages.CLASHES:
        SpecifierSet(clash.versions), SpecifierSet(clash.other_versions)
