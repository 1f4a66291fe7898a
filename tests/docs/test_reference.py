"""The committed reference pages are those that the code makes."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from harness.checks import listing
from harness.checks.declared.output import Output
from harness.core.verdict import FailureCode
from harness.gate.policy import GatePolicy
from harness.report.tables import COMPLETIONS, REVIEW, VERDICTS
from harness.report.words.failure_codes import CODES
from harness.report.words.glossary import TERMS
from harness.run.settings import ModelSetting, Settings
from harness.tasks.task_file import CaseData, TaskFile
from scripts.reference import DOCS, pages
from scripts.reference.files import MEANINGS
from scripts.reference.markdown import field_docs, fields_of, key_of
from scripts.reference.settings import ENVIRONMENT
from scripts.reference.shapes import shape
from scripts.reference.task import examples, models_in, needing
from tests.models import ROOT
from trainers.recipes.schema import Data, Lora, methods, options_of


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


TASK_MODELS = (TaskFile, Output, CaseData)


def with_nested(*models: Any) -> Iterator[Any]:
    """Models, and those that may stand under their keys."""
    for model in models:
        yield model
        for field in getattr(model, "model_fields", {}).values():
            yield from with_nested(*models_in(field.annotation))


READ_MODELS = [
    *dict.fromkeys(
        with_nested(*TASK_MODELS, Settings, GatePolicy, Data, Lora, *map(options_of, methods()))
    )
]


@pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.__name__)
def test_every_key_that_a_file_may_have_is_described(model):
    said = field_docs(model)
    assert [name for name in fields_of(model) if not said.get(name)] == [], (
        "write a docstring under it"
    )


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in TASK_MODELS for name in model.model_fields]
)
def test_a_key_of_a_task_has_an_example_that_its_model_takes(model, name):
    field = model.model_fields[name]
    assert examples(model, name), "Field(examples=[...])"
    kind = TypeAdapter(Annotated[field.annotation, *field.metadata, None])
    for example in examples(model, name):
        kind.validate_python(example)


def test_every_key_of_a_task_stands_in_its_reference(made):
    page = made[DOCS / "reference/task.md"]
    for model in with_nested(*TASK_MODELS):
        for name in fields_of(model):
            key = key_of(model, name)
            assert f"| `{key}` |" in page or f"| [`{key}`](#{key}) |" in page, key


def test_every_need_is_declared_by_a_key():
    """``latency`` and ``memory`` are needs of behaviors with budgets."""
    found = {behavior for name in Output.model_fields for behavior in needing(name)}
    rest = {b.name for b in listing().values() if b.needs} - found
    assert all(listing()[name].budgets or name in TaskFile.model_fields for name in rest), rest
    assert needing("given_schema") == ["required_keys", "schema_types", "types"]
    assert needing("grounded") == needing("grounded_patterns") == ["grounding"]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 9}, "whole number from 1 to 9"),
        ({"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "whole number from 0"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number above 0, at most 1"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"enum": ["a", "b", "c"]}, "`a`, `b` or `c`"),
        ({"anyOf": [{"const": False}, {"type": "string"}]}, "`false` or text"),
        ({"type": "array", "items": {"type": "string"}}, "list of texts"),
        ({"type": "array", "prefixItems": [{"type": "integer"}] * 2}, "list of 2 whole numbers"),
        (
            {"type": "object", "additionalProperties": {"type": "number"}},
            "object of name to number",
        ),
        ({"$ref": "#/$defs/Value"}, "any value of JSON"),
        ({"$ref": "#/$defs/Part"}, "object"),
        ({}, "any value of JSON"),
    ],
)
def test_a_shape_is_said_in_words(schema, said):
    nested = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Value"}}, {"type": "null"}]}
    assert shape(schema, {"Value": nested, "Part": {"type": "object"}}) == said


def test_every_column_of_a_table_has_a_meaning():
    columns = {*VERDICTS, *COMPLETIONS, *REVIEW}
    assert set(MEANINGS) == columns
