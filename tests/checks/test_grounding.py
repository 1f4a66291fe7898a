"""Values that occur in the prompt, and values that were made up."""

import pytest

from harness.checks.exact_fields import ExactFields
from harness.checks.grounding import Grounding
from tests.checks.judging import case, judge, pointed, word

PROMPT = case("On March 5, 2024 Ada Byron paid $1,047.20, then -3.")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Ada"', "passed"),
        ('"Bob"', "ungrounded"),
        ("1047.2", "passed"),
        ("-3", "passed"),
        ("3", "ungrounded"),
        ("2024", "passed"),
        ("null", "passed"),
        ("true", "passed"),
        ("false", "passed"),
        ("[]", "passed"),
        ("{}", "passed"),
        ('["Ada", 1047.2]', "passed"),
        ('["Ada", "Bob"]', "ungrounded"),
        ('{"x": {"y": ["Byron", {"z": "Bob"}]}}', "ungrounded"),
        ('{"Bob": "Ada"}', "passed"),
        ('""', "passed"),
    ],
)
def test_values(value, expected):
    assert word(Grounding(("/v",)), f'{{"v": {value}}}', PROMPT) == expected


def test_reason_names_the_value_and_the_nearest_text():
    text = '{"v": ["Ada", "Ada Bryon"]}'
    verdict = judge(Grounding(("/v",)), text, PROMPT)
    assert verdict.reason == (
        "/v/1: \"Ada Bryon\" does not occur in the prompt, the nearest is 'ada byron'"
    )
    assert pointed(verdict, text) == '"Ada Bryon"'
    verdict = judge(Grounding(("/v",)), '{"v": 1047.02}', PROMPT)
    assert verdict.reason.endswith("the nearest is '1047.20'")
    verdict = judge(Grounding(("/v",)), '{"v": "zzz"}', PROMPT)
    assert verdict.reason == '/v: "zzz" does not occur in the prompt'


def test_leaves_are_read_in_order():
    text = '{"v": {"a": "Ada", "b": ["xx", "yy"], "c": "zz"}}'
    assert pointed(judge(Grounding(("/v",)), text, PROMPT), text) == '"xx"'
    for text in (
        '{"v": [{"x": "Ada"}, "zz"]}',
        '{"v": [["Ada"], "zz"]}',
        '{"v": {"a": {}, "b": "zz"}}',
    ):
        assert pointed(judge(Grounding(("/v",)), text, PROMPT), text) == '"zz"'


def test_pointers():
    check = Grounding(("/list/*/name", "/other"))
    assert word(check, '{"list": [], "other": "Ada"}', PROMPT) == "passed"
    assert (
        word(check, '{"list": [{"name": "Ada"}, {"name": "Eve"}], "other": 1}', PROMPT)
        == "ungrounded"
    )
    verdict = judge(check, '{"list": [{"name": "Ada"}, {}], "other": null}', PROMPT)
    assert verdict.code == "missing_key"
    assert verdict.reason == "/list/1/name: expected a value from the prompt, found no such key"
    assert verdict.span == (27, 29)
    assert word(check, '{"list": []}', PROMPT) == "missing_key"
    assert word(check, '{"other": "Ada"}', PROMPT) == "missing_key"
    assert word(Grounding(("",)), '"Ada"', PROMPT) == "passed"
    assert word(Grounding(("/*",)), '{"a": "Ada", "b": "Eve"}', PROMPT) == "ungrounded"
    assert word(Grounding(("/1",)), '["Eve", "Ada"]', PROMPT) == "passed"
    assert word(Grounding(("/2",)), '["Eve", "Ada"]', PROMPT) == "missing_key"
    assert word(Grounding(("/a~1b/c~0d",)), '{"a/b": {"c~d": "Ada"}}', PROMPT) == "passed"


def test_numbers_of_any_size():
    for number in ("7" * 1000, "7" * 998 + ".5"):
        assert word(Grounding(("/v",)), f'{{"v": {number}}}', case(f"It is {number}!")) == "passed"
    assert word(Grounding(("/v",)), f'{{"v": {"7" * 1001}}}', case("7" * 1001)) == "ungrounded"
    for number in ("9" * 5000, "1e400", "1e999999999999999999999", "0.1e-999"):
        assert word(Grounding(("/v",)), f'{{"v": {number}}}', PROMPT) == "ungrounded"


@pytest.mark.parametrize(
    ("reference", "text", "expected"),
    [
        ({"a": 47.2}, '{"a": 47.20}', "passed"),
        ({"a": 47.2}, '{"a": 4.72e1}', "passed"),
        ({"a": 47}, '{"a": 47.0}', "passed"),
        ({"a": 0.1}, '{"a": 0.1000000000000000055511151231257827}', "wrong_value"),
        ({"a": 1}, '{"a": true}', "wrong_value"),
        ({"a": True}, '{"a": true}', "passed"),
        ({"a": "1"}, '{"a": 1}', "wrong_value"),
        ({"a": None}, '{"a": null}', "passed"),
        ({"a": None}, "{}", "missing_key"),
        ({"a": "x"}, '{"a": "X"}', "wrong_value"),
        ({"a": "x"}, '{"a": "x "}', "wrong_value"),
        ({"a": {"b": 1.5, "c": [2]}}, '{"a": {"c": [2.0], "b": 1.50}}', "passed"),
        ({"a": [1, 2]}, '{"a": [2, 1]}', "wrong_value"),
        ({"b": 1}, '{"b": 1}', "passed"),
        ({"b": 1}, '{"a": 1}', "wrong_value"),
        (None, '{"a": 2}', "skipped"),
        ({"a": 1}, "", "empty"),
        (None, "", "skipped"),
    ],
)
def test_exact_fields(reference, text, expected):
    assert word(ExactFields(("/a",)), text, case(reference=reference)) == expected


def test_exact_items():
    reference = case(reference={"l": [{"x": 1}, {"x": 2}]})
    check = ExactFields(("/l/*/x",))
    assert word(check, '{"l": [{"x": 1}, {"x": 2}]}', reference) == "passed"
    assert word(check, '{"l": [{"x": 1}]}', reference) == "missing_key"
    assert word(check, '{"l": [{"x": 1}, {"x": 2}, {"x": 3}]}', reference) == "wrong_value"
    assert word(check, '{"l": [{"x": 1}, {}]}', reference) == "missing_key"
    assert word(check, '{"l": 7}', reference) == "missing_key"
    text = '{"l": [{"x": 1}, {"y": 2}]}'
    verdict = judge(check, text, reference)
    assert verdict.reason == "/l/1/x: expected 2, found no such key"
    assert pointed(verdict, text) == '{"y": 2}'
    text = '{"l": [{"x": 1}, {"x": 2}, {"x": 3}]}'
    verdict = judge(check, text, reference)
    assert verdict.reason == "/l/2/x: expected nothing, found 3"
    assert pointed(verdict, text) == "3"
    assert judge(check, "[]", reference).reason == "/l/0/x: expected 1, found no such key"
    assert word(check, "{}", reference) == "missing_key"


@pytest.mark.parametrize("answer", ['"abc"', '{"0": "a", "1": "b", "2": "c"}', '["a", "b"]'])
def test_a_text_is_no_list_of_its_characters(answer):
    reference = case(reference={"tags": ["a", "b", "c"]})
    text = f'{{"tags": {answer}}}'
    assert word(ExactFields(("/tags/*",)), text, reference) == "missing_key"


def test_exact_reasons():
    text = '{"a": 2, "b": [1, 2]}'
    check = ExactFields(("/a", "/b/*"))
    verdict = judge(check, text, case(reference={"a": 47.2, "b": [1, 2]}))
    assert verdict.reason == "/a: expected 47.2, found 2"
    assert pointed(verdict, text) == "2"
    verdict = judge(check, text, case(reference={"a": 2, "b": [1]}))
    assert verdict.reason == "/b/1: expected nothing, found 2"
    assert verdict.span == (18, 19)
    verdict = judge(check, text, case(reference={"a": 2, "b": [1, 2, "x"]}))
    assert verdict.reason == '/b/2: expected "x", found no such key'
    assert pointed(verdict, text) == "[1, 2]"
    assert judge(check, text).reason == "the case has no reference"


def test_a_reference_without_keys_compares_nothing_and_passes_nothing():
    for text in ("{}", '{"a": 1}'):
        verdict = judge(ExactFields(("/a", "/b/*")), text, case(reference="x"))
        assert verdict.outcome.value == "skipped"
        assert verdict.reason == "the reference holds no keys, so that none is compared"


def test_exact_root():
    assert word(ExactFields(("",)), "[1.0]", case(reference=[1])) == "passed"
    verdict = judge(ExactFields(("",)), "[2]", case(reference=[1]))
    assert verdict.reason == "the value: expected [1], found [2]"
