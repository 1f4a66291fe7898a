"""`task check` holds the rules of ``compare`` to corrupted references, and tells of idle ones."""

import json

import pytest

from harness.tasks.check.grading import check_task

ITEMS = [{"id": 1, "p": 2.5}, {"id": 2, "p": 3.25}]
REFERENCE = {"items": ITEMS, "name": "Ada Byron", "count": 7}
COMPARE = {
    "/items": {"key": "/id"},
    "/items/*/p": {"tolerance": 0.01},
    "/name": {"ignore": ["case", "blanks"]},
    "/count": {"relative": 0.2},
}
NODE = {"type": "object", "properties": {"id": {"type": "integer"}, "p": {"type": "number"}}}
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": NODE},
        "name": {"type": "string"},
        "count": {"type": "integer", "maximum": 9},
    },
}


@pytest.fixture
def grade(tmp_path):
    def graded(compare=COMPARE, reference=REFERENCE, *, exact=("",), leaves=True, form="json"):
        output = {"format": form, "exact": list(exact), "leaf_values": leaves, "compare": compare}
        output["schema"] = "schema.json"
        task = {"description": "x", "prompt": "{t}", "output": output}
        (tmp_path / "task.yaml").write_text(json.dumps(task))
        (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
        case = {"id": "a", "variables": {"t": "x"}, "reference": reference}
        (tmp_path / "cases.jsonl").write_text(json.dumps(case) + "\n")
        return check_task(tmp_path)

    return graded


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_each_rule_is_held_to_an_answer_that_it_must_not_take(grade, form):
    found = grade(form=form)
    assert found.is_sound, found.mistakes
    defects = {c.defect: (c.made, c.right, set(c.breaks)) for c in found.corruptions}
    both = {"exact_fields", "leaf_values"}
    for name in (
        "/items lacks an item",
        "/items repeats a key",
        "/items/*/p out of tolerance",
        "/name another text",
        "/count out of tolerance",
    ):
        assert defects[name] == (1, 1, both), name


def test_a_check_that_takes_anything_is_found(grade, monkeypatch):
    from harness.checks.equality import comparison, leaves

    for module in (comparison, leaves):
        monkeypatch.setattr(module, "accepts", lambda *_: True)
    found = grade()
    said = {(m.corruption, m.text) for m in found.mistakes}
    assert ("/name another text", "exact_fields passes, and this breaks it") in said
    assert ("/items/*/p out of tolerance", "leaf_values passes, and this breaks it") in said


@pytest.mark.parametrize(
    ("compare", "options", "said"),
    [
        ({"/nme": {"ignore": "case"}}, {}, "/nme: no reference has it"),
        ({"/name": {"tolerance": 1}}, {}, "/name: a tolerance is for numbers, no reference"),
        ({"/count": {"ignore": "case"}}, {}, "/count: ignore and pattern are for texts"),
        ({"/count": {"order": "any"}}, {}, "/count: order and key are for lists"),
        ({"": {"ignore": "case"}, "/name": {}}, {}, ": ignore and pattern are for texts"),
        ({"/name": {"ignore": "case"}}, {"exact": ["/count"], "leaves": False}, "nothing compares"),
    ],
)
def test_a_rule_that_no_reference_has_a_use_for_is_a_mistake(grade, compare, options, said):
    (mistake,) = grade(compare, **options).mistakes
    assert mistake.text.startswith("compare: ")
    assert said in mistake.text


def test_a_reference_that_breaks_its_own_rule_is_told(grade):
    found = grade({"/name": {"pattern": "[a-z]+"}}, leaves=False)
    assert [m.text for m in found.mistakes] == [
        "the reference fails exact_fields: /name: expected a text that matches '[a-z]+', found "
        '"Ada Byron"'
    ]
    twice = {**REFERENCE, "items": [ITEMS[0], ITEMS[0]]}
    (mistake,) = grade({"/items": {"key": "/id"}}, twice, leaves=False).mistakes
    assert "/items/1: has the same /id as /items/0" in mistake.text


def test_a_list_that_is_too_long_to_be_matched_is_told(grade):
    long = {**REFERENCE, "items": [{"id": n, "p": n} for n in range(65)]}
    found = grade({"/items": {"order": "any"}, "/items/*/p": {"tolerance": 1}}, long)
    assert [m.text for m in found.mistakes if "65 items" in m.text]
