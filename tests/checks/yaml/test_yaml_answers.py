"""Answers in YAML: one document, read as YAML 1.2 reads it, with the place of every value."""

import json
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.pointer import span_of
from harness.checks.text.format_rules import YamlRules
from harness.checks.text.wrappers import Wrappers
from harness.checks.yaml.writing import dump_yaml
from harness.core.completion import Completion
from harness.tasks.check.grading import check_task
from harness.tasks.judging import judge_answer
from harness.tasks.task import load_task

TASK = """\
description: x
prompt: '{text}'
output:
  format: yaml
  schema: schema.json
  grounded: [/name]
  exact: [/name, /amount]
  timestamps: {/on: date}
"""
SCHEMA = {
    "type": "object",
    "required": ["name", "amount", "on", "tags"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "amount": {"type": "number"},
        "on": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "object", "required": ["k"]}},
    },
}
REFERENCE = {
    "name": "Ada",
    "amount": 3.5,
    "on": "2024-02-29",
    "tags": [{"k": "no"}, {"k": "1e5"}, {"k": "a: b"}, {"k": "x\ny"}],
}
GOOD = "name: Ada\namount: 3.50\non: 2024-02-29\ntags:\n- k: no\n- k: '1e5'\n"
VALUE = ("exact_fields", "required_keys", "schema_types", "timestamp_sanity", "types")
GROUNDED = (*VALUE, "grounding")
EDGES = ("no_extra_text", "yaml_validity")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("yaml") / "read"
    made.mkdir()
    (made / "task.yaml").write_text(TASK)
    (made / "schema.json").write_text(json.dumps(SCHEMA))
    variables = {"text": "Ada paid 3.5 on 2024-02-29"}
    case = {"id": "a", "variables": variables, "reference": REFERENCE}
    (made / "cases.jsonl").write_text(json.dumps(case))
    return made


def failed(folder, text, **output):
    """Code and text at the place of each failure, by behavior."""
    task = load_task(folder)
    if output:
        made = task.output.model_copy(update=output)
        task = replace(task, output=made)
    found = judge_answer(task.cases[0], Completion(text, case_id="a"), task)
    return {
        name: (v.code.value, text[slice(*v.span)])
        for name, v in found.items()
        if v.outcome.value != "passed"
    }


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"---\n{GOOD}...\n",
        f"# Here it is\n{GOOD}",
        f"{GOOD}- {{k: z}}\n",
        f"{GOOD}- k: '<think> and ``` and <|im_end|>'\n",
        f"{GOOD}- k: |\n    ```\n    x\n    ```\n",
    ],
)
def test_good_answers(folder, text):
    assert failed(folder, text) == {}


@pytest.mark.parametrize(
    ("text", "code", "at", "behaviors"),
    [
        (f"```yaml\n{GOOD}```", "markdown_fence", "```yaml", EDGES),
        (f"<think>\na: 1\n</think>\n{GOOD}", "think_block", "<think>\na: 1\n</think>", EDGES),
        (f"{GOOD}---\nz: 1\n", "second_document", "---", EDGES),
        ("Sure, I can do that.", "no_yaml", "Sure, I can do that.", (*EDGES, *GROUNDED)),
        ("", "empty", "", (*EDGES, *GROUNDED)),
        (f"{GOOD}\tx: 1\n", "syntax", "\t", ("yaml_validity", *GROUNDED)),
        (GOOD.replace("Ada", "é\x07"), "syntax", "\x07", ("yaml_validity", *GROUNDED)),
        ("? [a]\n: 1\n", "syntax", "[", ("yaml_validity", *GROUNDED)),
        (
            GOOD.replace("Ada", "!!python/name:os.system x"),
            *("syntax", "!!python/name:os.system x", ("yaml_validity", *GROUNDED)),
        ),
        (GOOD.replace("3.50", ".nan"), "nan", ".nan", ("yaml_validity", *GROUNDED)),
        (GOOD.replace("no", "&a no"), "yaml_anchor", "&a no", ("yaml_validity",)),
        (f"{GOOD}name: Ada\n", "duplicate_key", "name", ("yaml_validity",)),
        (json.dumps(REFERENCE), "yaml_flow", "{", ("yaml_validity",)),
        (GOOD.replace("3.50", "'3.50'"), "number_as_string", "'3.50'", ("schema_types", "types")),
        (GOOD.replace("02-29", "02-30"), "bad_date", "2024-02-30", ("timestamp_sanity",)),
        (f"{GOOD}1: 2\n", "unexpected_key", "1", ("schema_types",)),
    ],
)
def test_bad_answers(folder, text, code, at, behaviors):
    found = failed(folder, text)
    if code == "number_as_string":
        assert found.pop("exact_fields") == ("wrong_value", at)
    assert found == dict.fromkeys(behaviors, (code, at))


def test_the_words_of_a_task(folder):
    aliased = "name: &n Ada\namount: 3.5\non: 2024-02-29\ntags:\n- k: *n\n"
    assert failed(folder, aliased, anchors=True) == {}
    assert failed(folder, json.dumps(REFERENCE), flow="allowed") == {}
    nested = f"{GOOD}- {{k: z}}\n"
    assert failed(folder, nested, flow="forbidden") == {"yaml_validity": ("yaml_flow", "{")}
    fenced = f"Here:\n```yaml\n{GOOD}```\n"
    assert failed(folder, fenced, fence="required", commentary=True) == {}
    missing = dict.fromkeys(EDGES, ("fence_missing", GOOD))
    assert failed(folder, GOOD, fence="required") == missing


@pytest.mark.parametrize(
    "text",
    [
        "x0: &x0 [z]\n"
        + "".join(f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10)),
        "[" * 100_000,
        "{a: " * 30_000,
        "".join(" " * depth + "a:\n" for depth in range(1000)),
        "- " * 50_000,
        "a: 1\n" * 50_000,
        '"' * 100_000,
        "&a " * 50_000,
        "? " * 30_000,
        "a: \ud800",
    ],
)
def test_hostile_answers_end_soon(folder, text):
    started = time.process_time()
    assert failed(folder, text)
    assert time.process_time() - started < 10


WRAPPERS = Wrappers(rules=YamlRules())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1e3", Decimal("1e3")),
        (".5", Decimal("0.5")),
        ("2024-02-29", "2024-02-29"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalars_are_read_by_the_core_schema_of_yaml_1_2(text, value):
    found = read_document(f"a: {text}\n", WRAPPERS).value["a"]
    assert (found, type(found)) == (value, type(value))


def test_every_value_has_its_place_in_the_raw_text():
    text = "# é\na:\n- b: 'x'\n  c: [1, {d: 2}]\n-   |\n    long\n    text\nz: 3\n"
    document = read_document(text, WRAPPERS)
    at = {
        path: text[slice(*span_of(document, path))]
        for path in (
            *(("a", 0, "b"), ("a", 0, "c"), ("a", 0, "c", 1, "d"), ("a", 1), ("z",)),
            ("a", 0, "gone"),
        )
    }
    assert at[("a", 0, "b")] == "'x'"
    assert at[("a", 0, "c")] == "[1, {d: 2}]"
    assert at[("a", 0, "c", 1, "d")] == "2"
    assert at[("a", 1)] == "|\n    long\n    text"
    assert at[("z",)] == "3"
    assert at[("a", 0, "gone")].startswith("b: 'x'")
    assert text[slice(*span_of(document, ("a", 0, "b"), name=True))] == "b"


@pytest.mark.parametrize(
    "value",
    [
        REFERENCE,
        ["no", "1e5", "0o7", "~", "", "null", "a #b", "- x", "é\n\n", "\t", "12:30", "=", "<<"],
        {"1": [[], {}, [[1]], None, True, 0.1, 10**30]},
        "text",
        {"a": {"b": {"c": []}}},
    ],
)
def test_what_is_written_is_read_again(value):
    document = read_document(dump_yaml(value), Wrappers(rules=YamlRules("allowed")))
    if isinstance(value, str):
        assert document.fault.code == "no_yaml"
    else:
        assert json.loads(json.dumps(document.value, default=float)) == value


def test_references_and_corruptions(folder):
    grade = check_task(folder)
    assert [m.text for m in grade.mistakes] == []
    made = {c.defect: c.made for c in grade.corruptions}
    assert made["in JSON's style"] == made["key repeated"] == made["number quoted"] == 1


ANY = {"fence": "allowed", "commentary": True, "reasoning": "allowed"}
CODE = "- |\n  ```py\n  x\n  ```\n- 'a\n\n  ```'\n"
CODED = ["```py\nx\n```\n", "a\n```"]


def read_with(text, **declared):
    output = Output.model_validate({"format": "yaml", **declared})
    found = read_document(text, output.wrappers)
    return found.value if found.fault is None else found.fault.code, found.around


@pytest.mark.parametrize(
    "before", ["", "<think>```json\n[]\n```</think>\n", "so: it is\n</think>\n"]
)
def test_a_fence_in_a_text_of_a_document_is_content(before):
    assert read_with(before + CODE, **ANY) == (CODED, None)


def test_a_document_with_a_fence_in_a_text_has_no_fence_around_it():
    value, around = read_with(CODE, fence="required")
    assert value == CODED
    assert around is not None
    assert around.code == "fence_missing"
    assert read_with(f"```yaml\n{CODE}```\n", fence="required") == (CODED, None)


@pytest.mark.parametrize("block", ["|-", "|", ">"])
def test_words_after_a_fence_add_nothing_to_a_block_that_ends_it(block):
    text = f"```yaml\n- a: {block}\n   b\n```\nI hope that this is a long line.\n"
    value, around = read_with(text, **ANY)
    assert (value[0]["a"].rstrip("\n"), around) == ("b", None)


def test_allowed_reasoning_is_no_part_of_a_document_that_would_be_sound_with_it():
    text = '<think>some {"a": 1} thoughts</think>\nlist:\n- 1\n'
    assert read_with(text, **ANY) == ({"list": [1]}, None)
    assert read_with("a: say <think>\nb: 1\n")[0] == {"a": "say <think>", "b": 1}


def test_reasoning_that_nothing_closes_leaves_no_answer():
    assert read_with("<think>so\n```yaml\na: 1\n```\n", **ANY)[0] != {"a": 1}
