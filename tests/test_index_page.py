"""What a package index shows: the description's links, and where the repository is."""

import re
import sys
import tomllib
from types import ModuleType

import pytest
import yaml

import harness
from tests.models import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def hatch_build(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hook, without hatchling, which is there only while a package is built."""
    interface = "hatchling.metadata.plugin.interface"
    for parts in range(1, 5):
        name = ".".join(interface.split(".")[:parts])
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules[interface], "MetadataHookInterface", object, raising=False)
    monkeypatch.delitem(sys.modules, "hatch_build", raising=False)
    monkeypatch.syspath_prepend(str(ROOT))
    import hatch_build

    monkeypatch.delitem(sys.modules, "hatch_build")
    return hatch_build


def test_every_link_and_image_of_the_description_is_absolute(hatch_build):
    hook = hatch_build.IndexReadme()
    hook.root = str(ROOT)
    metadata = {"urls": PROJECT["urls"]}
    hook.update(metadata)
    text = metadata["readme"]["text"]
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    links = re.findall(r"\]\(([^)]*)\)", outside)
    assert len(links) > 50
    assert [link for link in links if not re.match("https://|#", link)] == []
    images = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", outside)
    assert f"{REPOSITORY}/raw/main/docs/images/page-case.png" in images
    assert f"]({REPOSITORY}/blob/main/docs/installation.md#completion-in-the-shell)" in text


def test_code_of_the_description_stays_as_it_is(hatch_build):
    text = "[a](b.md)\n```\n[a](b.md)\n```\n![c](d.png) [![e](https://f)](g)\n"
    assert hatch_build.for_index(text, "https://r") == (
        "[a](https://r/blob/main/b.md)\n```\n[a](b.md)\n```\n"
        "![c](https://r/raw/main/d.png) [![e](https://f)](https://r/blob/main/g)\n"
    )


def test_the_repository_has_one_address():
    assert [url for url in PROJECT["urls"].values() if not url.startswith(REPOSITORY)] == []
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["repository-code"] == REPOSITORY
    assert (citation["version"], citation["license"]) == (harness.__version__, PROJECT["license"])
    assert citation["abstract"] == PROJECT["description"]


def test_badges_say_what_the_project_declares():
    versions = [
        name.rpartition(" ")[2]
        for name in PROJECT["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
    ]
    assert f"[![Python {', '.join(versions)}]" in README
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == versions
    assert f"[![{PROJECT['license']} license]" in README
