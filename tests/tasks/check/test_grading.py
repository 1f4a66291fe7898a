"""A task that is graded: sound ones pass, and every kind of mistake is named with its case."""

import pytest

from harness.checks.variety import Variety
from harness.core.errors import HarnessError
from harness.core.verdict import Verdict
from harness.tasks.check.grading import WordingCounts, check_task
from tests.grading import CASES, REFERENCES, SCHEMA, TASK, TEXTS, Grader, case, said
from tests.models import ROOT

OWN = """
import pytest

@pytest.mark.parametrize("word", ["Ada", "2024"])
def test_mentions(completion, word):
    assert word in completion.text, f"no {word}"

@pytest.mark.behavior(needs="text")
def test_only_text(completion):
    assert not completion.text

@pytest.fixture
def longest(completions):
    return max(len(c.text) for c in completions)

def test_all_short(longest):
    assert longest < 50, f"{longest} characters"
"""


@pytest.fixture
def grade(tmp_path) -> Grader:
    return Grader(tmp_path)


# Sound tasks


@pytest.mark.parametrize(
    "name", ["json_extraction", "fan_timeline", "credit_dispute", "code_assistant"]
)
def test_a_bundled_task_is_sound_and_a_corruption_breaks_each_of_its_behaviors(name):
    found = check_task(ROOT / "fixtures/tasks" / name, ROOT / "suites")
    assert said(found) == []
    assert found.references == found.cases == 300
    assert found.notes == ()
    of_cases = [b for b in found.behaviors if b.applies and b.behavior != "variety"]
    assert all(b.corruptions and b.passed == 300 for b in of_cases)
    assert all(t.right == t.made for t in found.corruptions)


@pytest.mark.parametrize("name", ["kept_format", "kept_honesty", "kept_instruction", "kept_plain"])
def test_a_kept_skill_is_sound_and_a_corruption_breaks_each_of_its_behaviors(name):
    found = check_task(ROOT / "fixtures/kept" / name, ROOT / "suites")
    assert said(found) == []
    assert found.references == found.cases == 60
    assert found.notes == ()
    of_cases = [b for b in found.behaviors if b.applies]
    assert all(b.corruptions and b.failed == 0 for b in of_cases)
    assert all(t.right == t.made for t in found.corruptions)


def test_a_table_says_what_each_defect_breaks(grade):
    found = grade()
    assert found.is_sound
    value = ("schema_types", "required_keys", "types", "duplicate_keys", "timestamp_sanity")
    assert {t.defect: set(t.breaks) for t in found.corruptions if t.made} == {
        "fence added": {"json_validity", "no_extra_text"},
        "chatter before": {"json_validity", "no_extra_text"},
        "chatter after": {"json_validity", "no_extra_text"},
        "special token after": {"json_validity", "no_extra_text"},
        "second document": {"json_validity", "no_extra_text"},
        "ends in a loop": {"json_validity", "no_extra_text", "repetition"},
        "bracket repeated": {"json_validity", "no_extra_text", "bracket_repetition"},
        "last bracket cut off": {"json_validity", *value, "grounding", "exact_fields"}
        | {"stops_cleanly"},
        "trailing comma": {"json_validity", *value, "grounding", "exact_fields"},
        "key repeated": {"duplicate_keys"},
        "nothing": {"json_validity", "no_extra_text", *value, "grounding", "exact_fields"},
        "token limit reached": {"stops_cleanly"},
        "key dropped": {"schema_types", "required_keys", "grounding", "exact_fields"},
        "key added": {"schema_types"},
        "number quoted": {"schema_types", "types", "exact_fields"},
        "/name invented": {"grounding", "exact_fields"},
        "/amount invented": {"grounding", "exact_fields"},
        "/date shifted": {"exact_fields"},
        "/date impossible": {"timestamp_sanity", "exact_fields"},
    }
    assert [t.defect for t in found.corruptions if not t.made] == ["value wrong"]


def test_a_schema_that_says_more_than_places_gets_no_corruption_that_guesses(grade):
    """A number that must not be quoted may stand under anyOf: what breaks there is not plain."""
    schema = {"anyOf": [{"$ref": "#/$defs/p"}, {"type": "string"}], "$defs": {"p": SCHEMA}}
    found = grade(schema=schema)
    assert said(found) == []
    unmade = {t.defect for t in found.corruptions if not t.made}
    assert {"key dropped", "key added", "number quoted", "/name invented"} <= unmade


@pytest.mark.parametrize("reference", [["Ada", 1, []], [], {}, 5, "x}", True])
def test_references_of_any_shape_can_be_graded(grade, reference):
    task = "description: x\nprompt: '{text}'\noutput: {format: json}\n"
    assert said(grade(task, [case("a", reference=reference)])) == []


@pytest.mark.parametrize(
    ("output", "schema", "variables", "reference"),
    [
        # What * does not find is not missing; numbers may stand in names of days.
        (
            "{format: json, schema: schema.json, exact: ['/*'], grounded: ['/*']}",
            {"properties": {"b": {"type": "number"}}, "additionalProperties": False},
            {"text": "b is 5"},
            {"b": 5},
        ),
        # No corruption breaks bounds and orders of times: it could also break something else.
        (
            "{format: json, assert_formats: true, schema: schema.json, grounded: [/at],"
            " timestamps: {/at: date, '/log/*': {kind: date, order: nondecreasing}}}",
            {"properties": {"at": {"type": "string", "format": "date-time"}}},
            {"text": "at 2024-05-05T10:00:00Z"},
            {"at": "2024-05-05T10:00:00Z", "log": ["2024-01-01", "2024-01-02"]},
        ),
        (
            "{format: json, timestamps: {/ts: {kind: game_clock, overtime_minutes: 3}}}",
            {},
            {"text": "x"},
            {"ts": "OT3 00:17"},
        ),
        # Brackets and loops in strings are nothing to a reader of JSON.
        (
            "{format: json, exact: [/a~1b, '/x/*/y']}",
            {},
            {"text": "x"},
            {"a/b": 1e-7, "x": {"k": {"y": None}}, "s": "]]]]]]}}}}", "t": "ha " * 30},
        ),
        # A pattern that matches a heading, and what is forbidden; a fact full of signs.
        (
            "{format: text, sections: [Dear], quotes: [n], words: [2, 2000],"
            " forbidden: {a: '^Sure'}, grounded_patterns: {names: '[A-Z][a-z]+'}}",
            {},
            {"text": "dear (Ann+)?", "n": "(Ann+)?"},
            "Dear (Ann+)?, you get it.",
        ),
        ("{format: text, words: [0, 5], quotes: [n]}", {}, {"text": "x", "n": ""}, ""),
        (
            "{format: python, function: f, annotations: true, docstring: true}",
            {},
            {"text": "x", "f": "g"},
            'import a\n\n\n@cache\nasync def g(*b: int) -> None:\n    """\n    Long.\n    """\n',
        ),
        ("{format: python}", {}, {"text": "x"}, "x = [1,\n 2]\n"),
    ],
)
def test_odd_tasks_get_no_corruption_that_is_wrong_itself(
    grade, output, schema, variables, reference
):
    task = f"description: x\nprompt: '{{text}}'\noutput: {output}\n"
    cases = [{"id": "a", "variables": variables, "reference": reference}]
    found = grade(task, cases, schema)
    assert said(found) == []
    assert any(t.right for t in found.corruptions)


def test_text_that_declares_little_is_held_to_little(grade):
    task = 'description: x\nprompt: "{text}"\noutput: {format: text}\n'
    found = grade(task, [case("a", reference="Anything.")])
    assert found.is_sound
    assert [b.behavior for b in found.behaviors] == ["repetition", "stops_cleanly"]


# Broken tasks


def test_a_reference_that_fails_is_named_case_by_case(grade):
    wrong = {"name": "Ada Lovelace", "date": "2024-02-30", "amount": "47.20"}
    found = grade(cases=[case("a", reference=wrong), CASES[1]])
    assert {line.partition(":")[0] for line in said(found)} == {
        "a||the reference fails schema_types",
        "a||the reference fails types",
        "a||the reference fails timestamp_sanity",
        "a||the reference fails grounding",
    }
    (grounding,) = [b for b in found.behaviors if b.behavior == "grounding"]
    assert (grounding.passed, grounding.failed) == (1, 1)


def test_files_that_do_not_load_are_mistakes_of_the_task(grade):
    found = grade(TASK.replace("{text}", "{words}"), [case("a"), case("a")], {"type": "objct"})
    assert not found.is_sound
    text = "\n".join(said(found))
    assert "cases.jsonl:1: variables: the prompt asks for {words}" in text
    assert "schema.json:1: not a JSON Schema" in text


def test_a_folder_without_a_task_is_the_users_mistake(tmp_path):
    with pytest.raises(HarnessError, match="is no task, it has no task"):
        check_task(tmp_path)


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        (
            "required: [json_validty]",
            "task.yaml:9: required: no behavior 'json_validty', did you mean 'json_validity'?",
        ),
        (
            "required: [sections]",
            "task.yaml:9: required: sections does not apply to this task: declare what it needs, "
            "or leave it out",
        ),
        (
            "required: [repair_lift]",
            "task.yaml:9: required: repair_lift is judged over a whole run, name behaviors of "
            "single answers",
        ),
        (
            "budgets: {groundin: 1.0}",
            "task.yaml:9: budgets: no behavior 'groundin', did you mean 'grounding'?",
        ),
        (
            "budgets: {variety: 0.2}",
            "task.yaml:9: budgets: variety takes no rate: its share is max_share, under variety",
        ),
        (
            "required: [json_validity]\nbudgets: {is_polite: 0.9}",
            "task.yaml:10: budgets: no behavior 'is_polite', there are ",
        ),
    ],
)
def test_names_in_the_task_are_those_of_behaviors_that_apply(grade, line, mistake):
    head = TASK.partition("required")[0]
    found = grade(f"{head}{line}\n")
    assert len(found.mistakes) == 1, said(found)
    assert said(found)[0].startswith(f"||{mistake}")


def test_behaviors_of_ones_own_suites_may_be_named(grade, tmp_path):
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "test_own.py").write_text(
        "def test_is_polite(completion): ...\ndef test_all_differ(completions): ...\n", "utf-8"
    )
    head = TASK.partition("required")[0]
    named = "required: [is_polite]\nbudgets: {is_polite: 0.9, all_differ: 1, repair_lift: 1}\n"
    assert said(grade(head + named, suites=suites)) == []
    (line,) = said(grade(head + "required: [all_differ]\n", suites=suites))
    assert "all_differ is judged over a whole run" in line


def test_references_must_pass_behaviors_of_ones_own(grade, tmp_path):
    """Run by pytest, so that marks, parameters and fixtures mean what they always mean."""
    own = tmp_path / "suites/test_own.py"
    own.parent.mkdir()
    own.write_text(OWN, "utf-8")
    found = grade(suites=own.parent)
    assert said(found) == [
        "b||the reference fails mentions[Ada]: no Ada",
        "||the references fail all_short: 54 characters",
    ]
    rows = {b.behavior: (b.passed, b.failed) for b in found.behaviors}
    assert (rows["mentions[Ada]"], rows["mentions[2024]"]) == ((1, 1), (2, 0))
    assert "only_text" not in rows
    own.write_text("import nothing_like_this\n" + OWN, "utf-8")
    (line,) = said(grade(suites=own.parent))
    assert "suites: cannot be run over the references: E ModuleNotFoundError: No module" in line


def test_ids_and_templates_are_sound(grade):
    cases = [
        case("a"),
        case("b", template=" w1"),
        case("c", template="W1"),
        case("d", template=""),
        case("e\t"),
    ]
    assert [line for line in said(grade(cases=cases)) if "templ" in line or "id '" in line] == [
        "b||the template ' w1' has blanks around it or control characters",
        "b||the template ' w1' is 'w1' in case a: write it in one way",
        "c||the template 'W1' is 'w1' in case a: write it in one way",
        "d||has no template, and other cases have one: name its wording",
        "e\t||the id 'e\\t' has blanks around it or control characters",
    ]


def test_wordings_are_counted_with_their_cases(grade):
    cases = [case("a", id=f"a{n}") for n in range(3)] + [case("b", template="w2")]
    assert grade(cases=cases).wordings == WordingCounts(2, 1, 3)


def test_a_case_without_a_template_is_its_own_wording(grade):
    cases = [case("a", template=""), case("b", template=""), case("a", id="w1", template="a")]
    assert grade(cases=cases[:2]).wordings == WordingCounts(2, 1, 1)
    assert grade(cases=cases).wordings == WordingCounts(3, 1, 1)


def test_a_text_reference_is_the_text(grade):
    task = 'description: x\nprompt: "{text}"\noutput: {format: text}\n'
    (line,) = said(grade(task, [case("a")]))
    assert line == "a||the reference of a text task is the answer itself, a string"


def test_references_that_are_all_alike_fail_variety(grade):
    task = f"{TASK}variety: {{fields: [/name], fallback_phrases: [No idea]}}\n"
    cases = [case("a", id=f"a{n}") for n in range(10)]
    (line,) = said(grade(task, cases))
    assert 'the references fail variety: the value "Ada" of /name is in 100%' in line
    found = grade(task.replace("max_share: 0.2", "max_share: 1"), cases[:9])
    assert found.is_sound, "nine are too few to say"


def test_one_answer_for_all_cases_must_fail_variety(grade, monkeypatch):
    variety = "variety: {fields: [/name], fallback_phrases: [No idea], max_share: 0.5}\n"
    cases = [case(name, id=f"{name}{n}") for name in TEXTS for n in range(5)]
    for c in cases:
        c.update(variables={"text": TEXTS[c["id"][0]]}, reference=REFERENCES[c["id"][0]])
    found = grade(TASK + variety, cases)
    assert said(found) == []
    defects = {t.defect: (t.made, t.right) for t in found.corruptions if t.breaks == ("variety",)}
    assert defects == {"one answer for all cases": (1, 1), "'No idea' for all cases": (1, 1)}
    monkeypatch.setattr(Variety, "judge", lambda self, completions, output_of: Verdict.passed())
    assert said(grade(TASK + variety, cases)) == [
        "|one answer for all cases|variety passes, and this breaks it",
        "|'No idea' for all cases|variety passes, and this breaks it",
    ]


VARIED = """\
description: Read a payment.
prompt: "Read {text}"
output: {format: csv, schema: schema.json}
required: [csv_validity]
variety: {fields: [/*/name], max_share: 0.5}
"""


@pytest.mark.parametrize("form", ["csv", "jsonl", "yaml"])
@pytest.mark.parametrize("fence", ["forbidden", "required"])
def test_values_of_lists_must_vary_too(grade, form, fence):
    task = VARIED.replace("csv_", f"{form}_").replace(": csv", f": {form}, fence: {fence}")
    schema = {"type": "array", "items": SCHEMA}
    cases = [
        case(name, id=f"{name}{n}", reference=[REFERENCES[name]])
        for name in TEXTS
        for n in range(5)
    ]
    found = grade(task, cases, schema)
    assert said(found) == []
    (defect,) = [t for t in found.corruptions if t.breaks == ("variety",)]
    assert (defect.defect, defect.made, defect.right) == ("one answer for all cases", 1, 1)
    alike = [{**c, "id": str(n)} for n, c in enumerate(cases[:5] * 2)]
    (line,) = said(grade(task, alike, schema))
    assert 'the references fail variety: the value "Ada" of /*/name is in 100%' in line


def test_a_field_that_no_reference_has_would_never_be_compared(grade):
    task = f"{TASK}variety: {{fields: [/nme, /name]}}\n"
    mistake = "||variety: fields: /nme: no reference has it, so that nothing is compared"
    assert said(grade(task)) == [mistake]
    (line,) = said(grade(VARIED.replace("/*/name", "/name"), [case("a")]))
    assert line == (
        "||task.yaml:1: the file: variety: fields: /name: an answer in format: csv is a list, "
        "write /*/name"
    )
    (line,) = said(grade(VARIED.replace("csv,", "python,").replace(", schema: schema.json", "")))
    assert line == (
        "||task.yaml:1: the file: variety: fields are values, and answers in format: python have "
        "none, name fallback_phrases"
    )


def test_what_is_allowed_and_worth_knowing_is_a_note(grade):
    found = grade(cases=[case("a"), case("a", id="again"), case("none", reference=None)])
    assert found.is_sound
    assert found.notes == (
        "1 of 3 cases have no reference to grade by",
        "1 of 3 prompts are also another case's: they say nothing more",
        "every case has the same template: they are one cluster, of which no rate is sure",
    )
