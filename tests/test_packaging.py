"""What the code imports is what ``pyproject.toml`` declares."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from tests.models import ROOT
from trainers.recipes.load import BUNDLED, load

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMES_WITH = {
    "h11": "uvicorn",
    "huggingface-hub": "transformers",
    "jsonschema-specifications": "jsonschema",
    "markupsafe": "jinja2",
    "pydantic-core": "pydantic",
    "referencing": "jsonschema",
    "starlette": "fastapi",
}
"""Parts of a declared package's own interface."""
NEEDS_AN_EXTRA = ("backends", "engine", "export", "serve", "tasks/generate")
"""Folders of ``harness/`` that may import at their top what only an extra installs."""
KNOWN = packages_distributions()


def distribution(name: str) -> str:
    return name.lower().replace("_", "-")


def declared(requirements: list[str]) -> set[str]:
    return {distribution(text.partition(">")[0]) for text in requirements}


def imported(node: ast.AST, *, at_top: bool) -> Iterator[str]:
    """The packages that a module imports; ``at_top``: those that importing it needs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module.partition(".")[0]
        elif not at_top or not isinstance(child, ast.FunctionDef | ast.If):
            yield from imported(child, at_top=at_top)


def distributions(file: Path, *, at_top: bool) -> set[str]:
    names = set(imported(ast.parse(file.read_text("utf-8")), at_top=at_top))
    others = names - set(sys.stdlib_module_names) - {"harness", "trainers"}
    found = {distribution(KNOWN.get(name, [name])[0]) for name in others}
    return {COMES_WITH.get(name, name) for name in found}


@pytest.mark.parametrize("folder", ["harness", "trainers"])
def test_every_imported_package_is_declared(folder):
    extras = PROJECT["optional-dependencies"].values()
    anywhere = declared([*PROJECT["dependencies"], *chain.from_iterable(extras)])
    for file in (ROOT / folder).rglob("*.py"):
        assert distributions(file, at_top=False) <= anywhere, file


def test_what_needs_no_extra_imports_no_package_of_one():
    always = declared(PROJECT["dependencies"])
    for file in (ROOT / "harness").rglob("*.py"):
        if not any(file.is_relative_to(ROOT / "harness" / folder) for folder in NEEDS_AN_EXTRA):
            assert distributions(file, at_top=True) <= always, file


def test_the_wheel_has_what_bundled_recipes_name(monkeypatch):
    monkeypatch.chdir(ROOT)
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    included = build["targets"]["wheel"]["force-include"]
    assert all(target == f"harness/starter/{source}" for source, target in included.items())
    bases = {load(path.stem).recipe.base for path in BUNDLED.glob("*.yaml")}
    ours = {base for base in bases if base.startswith("fixtures/")}
    assert len(ours) > 1
    assert ours | {"fixtures/datasets", "fixtures/kept", "fixtures/tasks"} <= included.keys()
