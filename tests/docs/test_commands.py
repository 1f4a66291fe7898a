"""Every command that the documentation names exists, with every option that it has there."""

import importlib.util
import re
from collections.abc import Iterator

import click
import pytest

from harness.cli import main
from tests.docs.blocks import PAGES, blocks, commands, words
from tests.models import ROOT

PLACEHOLDER = re.compile(r"\.\.\.|…|^[A-Z_]+$|[<\[\]>{}]")


def faults_of_harness(arguments: list[str]) -> Iterator[str]:
    """What is wrong with the words after ``harness``."""
    command: click.Command = main
    context = click.Context(main, info_name="harness")
    while isinstance(command, click.Group):
        if not arguments or arguments[0].startswith("-") or PLACEHOLDER.search(arguments[0]):
            return
        name, *arguments = arguments
        for one in name.split("|"):  # harness store info|verify
            found = command.get_command(context, one)
            if found is None:
                yield f"no command {one!r}"
                return
        command, context = found, click.Context(found, info_name=name, parent=context)
    # Brackets around an option only say that it may be left out.
    own = [word.strip("[]") for word in arguments]
    try:
        given, _, order = command.make_parser(context).parse_args([*own])
    except click.UsageError as error:
        # `harness serve --model` names the option alone.
        if not (isinstance(error, click.BadOptionUsage) and own[-1:] == [error.option_name]):
            yield error.format_message()
        return
    for parameter in order:
        if isinstance(parameter.type, click.Choice):
            for value in _values(given.get(parameter.name or "")):
                if value not in parameter.type.choices and not PLACEHOLDER.search(value):
                    yield f"{parameter.opts[0]}: no {value!r}"


def _values(value: object) -> list[str]:
    """Those of an option, each of alternatives apart."""
    found = value if isinstance(value, list) else [value]
    return [one for v in found if isinstance(v, str) for one in v.split("|")]


def faults_of_pytest(arguments: list[str], options: dict[str, object]) -> Iterator[str]:
    """What is wrong with the words after ``pytest``."""
    for word, after in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = word.strip("[]").partition("=")
        if not name.startswith("-") or name == "-":
            continue
        known = name if name.startswith("--") else name[:2]
        if known not in options:
            yield f"no option {name}"
            continue
        choices = getattr(options[known], "choices", None)
        given = (value or after).strip("[]")
        if choices and not set(given.split("|")) <= set(choices) and not PLACEHOLDER.search(given):
            yield f"{name}: no {given!r}"


def faults(command: str, options: dict[str, object]) -> Iterator[str]:
    for program, *arguments in words(command):
        if program == "harness":
            yield from faults_of_harness(arguments)
        elif program == "pytest":
            yield from faults_of_pytest(arguments, options)
        elif program == "make":
            targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
            yield from (f"no target {a}" for a in arguments[:1] if a not in targets)
        elif "-m" in arguments:
            name, *rest = arguments[arguments.index("-m") + 1 :]
            if name == "harness":
                yield from faults_of_harness(rest)
            elif name == "pytest":
                yield from faults_of_pytest(rest, options)
            elif not PLACEHOLDER.search(name) and not _is_module(name):
                yield f"no module {name}"


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture(scope="module")
def options(pytestconfig) -> dict[str, object]:
    """Every option of pytest and of its plugins here, by name."""
    parser = pytestconfig._parser
    found = [o for group in (*parser._groups, parser._anonymous) for o in group.options]
    return {name: option._action for option in found for name in option.names()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_a_page_names_exists_with_its_options(page, options):
    found = [
        f"{command}: {fault}" for command, _ in commands(page) for fault in faults(command, options)
    ]
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_output_that_a_page_shows_is_run_or_says_why_not(page):
    silent = [
        f"{block.place}: {block.text.splitlines()[0]}"
        for block in blocks(page)
        if block.kind == "" and not block.has_only_commands and block.not_run is None
    ]
    assert silent == [], "make it a console block, or write <!-- not run: REASON --> above it"


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("harness gat main latest", "no command 'gat'"),
        ("harness gate main latest --marginn 0.02", "No such option"),
        ("harness report --format pdf", "--format: no 'pdf'"),
        ("pytest suites/ --modle base:x", "no option --modle"),
        ("pytest suites/ --model base:x && harness repot", "no command 'repot'"),
        ("pytest suites/ --dtype float8", "--dtype: no 'float8'"),
        ("torchrun -m harness trian RECIPE", "no command 'trian'"),
        ("python -m benchmarks.nothing", "no module benchmarks.nothing"),
        ("make coffee", "no target coffee"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command, fault, options):
    assert any(fault in found for found in faults(command, options))
