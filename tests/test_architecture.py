"""The rules of ARCHITECTURE.md, read from there and held against the imports in the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models import ROOT
from tests.project import GOOD, Project, clean_environment

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def layers() -> dict[str, set[str]]:
    block = re.search(r"<!-- layers -->\n```\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    rules = (line.split(":") for line in block[1].splitlines())
    return {name: {part.strip() for part in allowed.split(",")} - {""} for name, allowed in rules}


def imports(file: Path) -> Iterator[str]:
    """Dotted names of everything a file imports, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_ours(file: Path) -> set[str]:
    """The parts of ``harness`` that a file imports, but for the version."""
    named = [name.split(".") for name in imports(file)]
    return {parts[1] for parts in named if parts[0] == "harness" and len(parts) > 1} - {
        "__version__"
    }


def parts_of_harness() -> list[str]:
    found = (ROOT / "harness").iterdir()
    return sorted(
        p.stem for p in found if p.suffix == ".py" or (p.is_dir() and p.name != "__pycache__")
    )


def files_of(part: str) -> list[Path]:
    module = ROOT / "harness" / f"{part}.py"
    return [module] if module.is_file() else sorted((ROOT / "harness" / part).rglob("*.py"))


@pytest.mark.parametrize("part", [p for p in parts_of_harness() if not p.startswith("__")])
def test_a_part_imports_what_its_layer_allows(part):
    allowed = layers()[part]
    if "*" in allowed:
        return
    for file in files_of(part):
        assert of_ours(file) <= allowed | {"core", part}, file


def test_every_rule_speaks_of_a_part_that_exists():
    rules = layers()
    named = set(rules) | {part for allowed in rules.values() for part in allowed} - {"*"}
    assert named <= set(parts_of_harness())


def test_suites_know_only_the_public_face():
    for file in (ROOT / "suites").glob("*.py"):
        assert of_ours(file) <= {"check", "check_run", "checks"}, file


def test_harness_meets_trainers_only_in_the_train_command():
    meeting = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "harness").rglob("*.py")
        if any(name.split(".")[0] == "trainers" for name in imports(file))
    }
    assert meeting == {"harness/cli/train.py"}


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
