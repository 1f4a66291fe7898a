"""The commands that pages list without output, run in a project that has what they name.

A block that cannot be run says why in a comment above it. Names that stand for something (``RUN``)
are replaced; lines that install packages are left out.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, Block, blocks
from tests.docs.session import run
from tests.models import ROOT

EARLIER = "20261119-080000-aaaa"
"""A run that pages name."""
MEANT = {
    "BASE": "fixtures/models/tiny-qwen2",
    "DIR": "out/of_a_run",
    "RECIPE": "demo_tiny",
    "RUN": EARLIER,
    "[RUN]": EARLIER,
}
"""What stands for a name in capitals."""
LEFT_OUT = re.compile(r"(?:pip|make) ")
BEGINS_WITHOUT_BASELINE = ("baselines", "gate-reference")
CASES = 40
ENDS = (0, 1, 10, 11)
"""Exit codes of commands that did what they say: 1, 10 and 11 are decisions."""
RUN = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.kind == "" and block.not_run is None and block.has_only_commands
    if "reference" not in page.relative_to(ROOT).parts
    and any(not LEFT_OUT.match(c) for c in block.commands)
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A project with 40 cases, an adapter in ``out/`` and below, two runs and a baseline."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in ("suites", "fixtures", "trainers"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "fixtures/tasks/json_extraction", folder / "tasks/json_extraction")
    task = folder / "tasks/json_extraction/task.yaml"
    task.write_text(f"{task.read_text('utf-8')}latency_cases: 2\n", "utf-8")
    cases = folder / "tasks/json_extraction/cases.jsonl"
    cases.write_text("".join(cases.read_text("utf-8").splitlines(True)[:CASES]), "utf-8")
    adapter = ROOT / "fixtures/models/tiny-qwen2-adapter"
    shutil.copytree(adapter, folder / "out")
    for name in ("my_adapter", "demo"):
        shutil.copytree(adapter, folder / "out" / name)
    (folder / "tests").mkdir()
    (folder / "tests/test_own.py").write_text("def test_own(): pass\n", "utf-8")
    (folder / "pyproject.toml").write_text('[tool.harness]\ntasks_dir = "tasks"\n', "utf-8")
    for task in ("json_extraction", "fan_timeline"):
        done(folder, f"python -m fixtures.datasets {task} --rows 200 --out data/{task}")
    done(folder, f"pytest suites/ --model adapter:out/ --run-id {EARLIER}")
    done(folder, "harness baseline save main --texts")
    done(folder, "pytest suites/ --model base:fixtures/models/tiny-qwen2 --model adapter:out/")
    return folder


@pytest.fixture
def project(prepared, tmp_path, request) -> Path:
    """A copy for one block, so that no block depends on another."""
    folder = tmp_path / "project"
    shutil.copytree(prepared, folder, symlinks=True)
    return folder


def done(folder: Path, command: str) -> None:
    code, found = run(folder, command, RUN="ci-1")
    assert code in ENDS, f"exit code {code}: {command}\n{found}"


def meant(command: str) -> str:
    return re.sub(
        r"(?<![\w\"$])\[?[A-Z]+\]?(?!\w)", lambda found: MEANT.get(found[0], found[0]), command
    )


@pytest.mark.slow
@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_the_commands_of_a_block_do_what_they_say(project, block: Block):
    if block.page.stem in BEGINS_WITHOUT_BASELINE:
        shutil.rmtree(project / "reports/baselines")
    for command in block.commands:
        if not LEFT_OUT.match(command):
            done(project, meant(command))


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_no_command_that_is_run_waits_for_a_person_or_a_client(block: Block):
    waiting = [c for c in block.commands if re.search(r"harness (?:serve|chat)\b", c)]
    assert waiting == [], "write <!-- not run: REASON --> above it"


def test_there_are_blocks_to_run():
    assert {"baselines", "ci", "gate", "store"} <= {block.page.stem for block in RUN}
