"""The built site has no dead link and loads nothing from the network."""

import os
import subprocess
import sys

import pytest

from scripts.check_site import faults
from tests.docs.blocks import PAGES
from tests.models import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("material", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
        timeout=300,
    )
    return folder


@pytest.mark.slow
def test_no_link_of_the_site_is_dead(site):
    assert list(faults(site)) == []


@pytest.mark.slow
def test_the_site_is_there_as_text_too(site):
    index, everything = ((site / f"llms{more}.txt").read_text("utf-8") for more in ("", "-full"))
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs"):
            uri = page.relative_to(ROOT / "docs").as_posix()
            assert f"({uri}): " in index
            assert (site / uri).read_text("utf-8") in everything


PAGE = '<html><body id="top">{}</body></html>'


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="b.html">', "b.html: there is no such file"),
        ('<a href="a.html#nowhere">', "a.html#nowhere: there is no such anchor"),
        ('<img src="//cdn.example/x.png">', "loads //cdn.example/x.png"),
        ('<a href="https://example.org/">', None),
        ('<a href="#top">', None),
        ('<a href="/a.html#top">', None),
    ],
)
def test_a_fault_of_a_page_is_found(tmp_path, body, fault):
    (tmp_path / "a.html").write_text(PAGE.format(body), "utf-8")
    assert list(faults(tmp_path)) == ([f"a.html: {fault}"] if fault else [])
