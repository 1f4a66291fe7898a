"""The rules of ARCHITECTURE.md, read from there and held against the imports in the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.models import ROOT
from tests.project import GOOD, Project, clean_environment

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def table(of: str = "") -> dict[str, set[str]]:
    """Who may import whom, from a block of ARCHITECTURE.md: of ``harness/``, or of one house."""
    name = f"layers of {of}" if of else "layers"
    block = re.search(rf"<!-- {name} -->\n```\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None, name
    rules = (line.split(":") for line in block[1].splitlines())
    return {part: {word.strip() for word in right.split(",")} - {""} for part, right in rules}


def layers() -> dict[str, set[str]]:
    """The table of houses. ``cli`` stands on all that hold up no pytest."""
    rules = table()
    assert rules["cli"] == {"*"}
    return {**rules, "cli": set(rules) - {"cli", "plugin", "pytest_plugin"}}


def imports(file: Path) -> Iterator[str]:
    """Dotted names of everything a file imports, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_ours(file: Path, inside: str = "harness") -> set[str]:
    """The parts of a package that a file imports, but for the version."""
    named = [name.split(".") for name in imports(file) if name.startswith(f"{inside}.")]
    depth = inside.count(".") + 1
    return {parts[depth] for parts in named} - {"__version__"}


def parts_of(folder: Path) -> list[str]:
    """The modules and packages of a folder; what Python itself names (``__main__``) aside."""
    found = [p for p in folder.iterdir() if p.suffix == ".py" or any(p.glob("*.py"))]
    return sorted(p.stem for p in found if not p.stem.startswith("__"))


def files_of(folder: Path, part: str) -> list[Path]:
    module = folder / f"{part}.py"
    return [module] if module.is_file() else sorted((folder / part).rglob("*.py"))


def used(folder: Path, inside: str) -> dict[str, set[str]]:
    """Which parts of a folder each part of it imports."""
    return {
        part: set().union(*(of_ours(file, inside) for file in files_of(folder, part))) - {part}
        for part in parts_of(folder)
    }


HARNESS = ROOT / "harness"
HOUSES = used(HARNESS, "harness")
INNER = [(house, part) for house in ("engine", "report") for part in parts_of(HARNESS / house)]


@pytest.mark.parametrize("part", [p for p in HOUSES if p != "core"])
def test_a_house_imports_what_its_layer_allows(part):
    assert HOUSES[part] <= layers()[part] | {"core"}


def test_the_ground_floor_knows_nobody():
    assert HOUSES["core"] == set()


@pytest.mark.parametrize("part", [p for p in HOUSES if p not in ("core", "cli")])
def test_a_right_that_nobody_uses_is_taken_back(part):
    assert layers()[part] == HOUSES[part] - {"core"}


def test_every_house_has_its_line_and_every_line_its_house():
    assert {*table(), "core"} == {*HOUSES}
    assert set().union(*layers().values()) <= {*HOUSES}


@pytest.mark.parametrize(("house", "part"), INNER)
def test_inside_a_house_the_rooms_keep_their_order(house, part):
    rooms = used(HARNESS / house, f"harness.{house}")
    assert rooms[part] == table(house)[part]


@pytest.mark.parametrize("rules", [layers(), table("engine"), table("report")])
def test_no_import_goes_round(rules):
    TopologicalSorter(rules).prepare()  # Raises CycleError, which names the circle.


def test_the_longest_chain_of_imports_is_ten_houses():
    chains: dict[str, list[str]] = {}
    for part in TopologicalSorter(HOUSES).static_order():
        chains[part] = [part, *max((chains[below] for below in HOUSES[part]), key=len, default=[])]
    longest = max(chains.values(), key=len)
    assert len(longest) <= 10, longest


def test_nothing_stands_loose_at_the_top():
    assert {p.name for p in HARNESS.glob("*.py")} == {
        "__init__.py",
        "__main__.py",
        "pytest_plugin.py",
    }


def test_no_module_is_longer_than_a_page_of_four_hundred_lines():
    files = [*HARNESS.rglob("*.py"), *(ROOT / "trainers").rglob("*.py")]
    assert {f.name for f in files if len(f.read_text("utf-8").splitlines()) > 400} == set()


def test_suites_know_only_the_public_face():
    for file in (ROOT / "suites").glob("*.py"):
        assert of_ours(file) <= {"check", "check_run", "checks"}, file


def test_harness_meets_trainers_only_in_the_commands_of_training():
    meeting = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "harness").rglob("*.py")
        if any(name.split(".")[0] == "trainers" for name in imports(file))
    }
    commands = ("data", "improve", "mine", "train")
    assert meeting == {f"harness/cli/{name}.py" for name in commands}


HEAVY = ("torch", "transformers", "llama_cpp", "peft", "trl")


def imported(project: Project, program: str) -> str:
    """Run a program and print which heavy packages it imported."""
    text = f"import sys\n{program}\nprint('heavy:', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "heavy:" in done.stdout, done.stdout + done.stderr
    return done.stdout.rpartition("heavy:")[2].strip()


def test_what_needs_no_model_imports_no_torch(tmp_path):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    stored = project.store(GOOD)
    suites = f"import pytest; assert pytest.main(['-q', 'suites', '--model', '{stored}']) == 0"
    assert imported(project, suites) == ""
    command = (
        "from harness.cli import main\ntry: main({})\nexcept SystemExit as e: assert not e.code"
    )
    assert imported(project, command.format(["report", "latest"])) == ""
    assert imported(project, command.format(["--help"])) == ""
