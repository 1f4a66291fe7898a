"""The committed reference pages are those that the code makes."""

import re

import pytest

from harness.core.verdict import FailureCode
from harness.gate.policy import GatePolicy
from harness.report.words.failure_codes import CODES
from harness.report.words.glossary import TERMS
from harness.run.settings import ModelSetting, Settings
from scripts.reference import DOCS, pages
from scripts.reference.settings import ENVIRONMENT
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


READ = re.compile(
    r"""environ(?:\.get\(|\[)"([A-Z_]+)"|^[A-Z_]+ = "((?:HARNESS|HF|OPENAI)_[A-Z_]+)"$""", re.M
)
OF_THE_SHELL = {"COMP_LINE", "COMP_POINT", "COMP_WORDBREAKS", "TERM", "RAY_TMPDIR"}


def test_every_variable_of_the_environment_that_is_read_stands_in_the_settings():
    told = {name for name, _ in ENVIRONMENT}
    read = {
        name
        for folder in ("harness", "trainers")
        for file in (ROOT / folder).rglob("*.py")
        for pair in READ.findall(file.read_text("utf-8"))
        for name in pair
        if name
    }
    assert {"HARNESS_STORE", "HF_HOME", "OMP_NUM_THREADS"} <= read
    assert read - OF_THE_SHELL - told == {"HUGGINGFACE_HUB_CACHE"}, "told beside its other name"


def test_every_key_of_the_settings_stands_in_their_reference(made):
    page = made[DOCS / "reference/settings.md"]
    fields = {**Settings.model_fields, **ModelSetting.model_fields, **GatePolicy.model_fields}
    assert [name for name in fields if f"| `{name}` |" not in page] == []
