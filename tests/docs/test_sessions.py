"""The commands of ``console`` blocks, run in a project, must print what the page shows.

Pages whose blocks are files of a project of their own are run by ``tests/test_docs.py``.
"""

import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, Block, blocks
from tests.docs.session import run
from tests.docs.shown import missing_line
from tests.models import ROOT
from tests.test_docs import PAGES as OWN_PROJECT

LINKED = ("suites", "fixtures", "trainers", "pyproject.toml", "conftest.py")
"""What the pages' commands name of the repository."""
DATA = ("json_extraction", "fan_timeline")
NEEDS_DATA = ("training",)
BEGINS = ("start",)
"""Pages that begin with an empty folder."""
RUN = [
    block
    for page in PAGES
    if page.stem not in OWN_PROJECT
    for block in blocks(page)
    if block.kind == "console" and block.not_run is None
]


@pytest.fixture(scope="module")
def beginner(tmp_path_factory) -> Path:
    """An empty folder, in which a project is begun."""
    return tmp_path_factory.mktemp("beginner")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder with the repository's files, an adapter in out/my_adapter, and training data."""
    folder = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "fixtures/models/tiny-qwen2-adapter", folder / "out/my_adapter")
    return folder


@pytest.fixture(scope="module")
def data(project):
    for task in DATA:
        run(project, f"python -m fixtures.datasets {task} --rows 2000 --seed 0 --out data/{task}")


@pytest.mark.slow
@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_a_command_prints_what_the_page_shows(block: Block, request):
    name = "beginner" if block.page.stem in BEGINS else "project"
    folder = request.getfixturevalue(name)
    if block.page.stem in NEEDS_DATA:
        request.getfixturevalue("data")
    for command, shown in block.sessions:
        _, found = run(folder, command)
        assert (missing := missing_line(found, shown)) is None, f"{missing!r}: {command}\n{found}"


def test_there_are_sessions():
    assert {"gate", "planning", "numbers"} <= {block.page.stem for block in RUN}
