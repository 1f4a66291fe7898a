"""The committed reference pages are those that the code makes."""

import pytest

from harness.core.verdict import FailureCode
from harness.report.words.glossary import CODES, TERMS
from scripts.reference import DOCS, pages
from tests.models import ROOT


@pytest.fixture(scope="module")
def made():
    return pages()


def test_the_pages_are_up_to_date(made):
    old = [path.relative_to(ROOT) for path, text in made.items() if _committed(path) != text]
    assert old == [], "run: python -m scripts.reference"


def _committed(path):
    return path.read_text("utf-8") if path.is_file() else None


def test_every_command_and_option_stands_in_the_reference(made):
    commands, options = made[DOCS / "reference/commands.md"], made[DOCS / "reference/pytest.md"]
    assert "## harness baseline save\n" in commands
    assert "| `--not-first` |" in commands
    assert "| `--model KIND:LOCATION` |" in options


def test_every_failure_code_has_a_meaning():
    assert set(CODES) == set(FailureCode)


def test_a_page_that_a_term_names_is_there():
    named = {term.page.partition("#")[0] for term in TERMS if term.page}
    assert [name for name in named if not (DOCS / name).is_file()] == []
