"""The rules of ``output.compare``, as both behaviors that compare with a reference hold them."""

import json
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.checks import exact_fields, leaf_values
from harness.checks.declared.output import Output
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Outcome, Verdict

ITEMS = [{"id": 1, "p": 2.5}, {"id": 2, "p": 3}, {"id": 3, "p": 4}]
BY_KEY, IN_ANY_ORDER = {"/items": {"key": "/id"}}, {"/items": {"order": "any"}}


def judged(
    reference: Any, answer: Any, compare: Any, exact: Any = ("",), form: str = "json"
) -> tuple[Verdict, Verdict]:
    """The verdicts of ``exact_fields`` and ``leaf_values``."""
    parts = {"format": form, "exact": list(exact), "leaf_values": True, "compare": compare}
    output = Output.model_validate(parts)
    text = answer if isinstance(answer, str) else json.dumps(answer)
    case, completion = Case("x", (), reference), Completion(text)
    first, second = (
        check.check_for(output).judge(case, completion) for check in (exact_fields, leaf_values)
    )
    return first, second


def passes(reference: Any, answer: Any, compare: Any) -> bool:
    """Both behaviors pass, or both fail."""
    outcomes = {verdict.outcome for verdict in judged(reference, answer, compare)}
    assert len(outcomes) == 1, outcomes
    return outcomes == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("rule", "wanted", "written", "is_right"),
    [
        ({"tolerance": 0.01}, 47.2, "47.20", True),
        ({"tolerance": 0.01}, 47.2, "47.21", True),
        ({"tolerance": 0.01}, 47.2, "47.19", True),
        ({"tolerance": 0.01}, 47.2, "47.2100000000000000000000000001", False),
        ({"tolerance": 0.1}, 0.2, "0.3", True),
        ({"tolerance": 0}, 1, "1.0", True),
        ({"tolerance": 1}, 1, "true", False),
        ({"tolerance": 1}, True, "1", False),
        ({"tolerance": 1}, 1, '"1"', False),
        ({"tolerance": 1}, None, "0", False),
        ({"tolerance": 1}, None, "null", True),
        ({"tolerance": 1}, 5, "1e999999999999999999", False),
        ({"tolerance": 1}, 5, "5" + "0" * 5000, False),
        ({"tolerance": "1e-3"}, 5, "5.001", True),
        ({"relative": 0.001}, 1000, "1001", True),
        ({"relative": 0.001}, -1000, "-1001.0", True),
        ({"relative": 0.001}, 1000, "1001.1", False),
        ({"relative": 0.5, "tolerance": 2}, 1, "3", True),
        ({"relative": 0.5, "tolerance": 2}, 100, "150", True),
        ({"relative": 1}, 0, "0.0001", False),
        ({"ignore": "case"}, "Straße", '"STRASSE"', True),
        ({"ignore": "case"}, "Ada Byron", '"ada  byron"', False),
        ({"ignore": "blanks"}, "Ada Byron", '" Ada\\n Byron "', True),
        ({"ignore": "blanks"}, "Ada Byron", '"ada byron"', False),
        ({"ignore": ["case", "blanks"]}, "Ada Byron", '" ADA\\tbyron"', True),
        ({"ignore": "case"}, "Ada", "null", False),
        ({"pattern": "INV-[0-9]+"}, "INV-1", '"INV-22"', True),
        ({"pattern": "INV-[0-9]+"}, "INV-1", '"INV-22 "', False),
        ({"pattern": "INV-[0-9]+"}, "INV-1", "22", False),
        ({"pattern": "[0-9]+"}, 7, "8", False),
        ({}, 47.2, "47.20", True),
    ],
)
def test_a_value_counts_as_the_reference_s(rule, wanted, written, is_right):
    assert passes({"v": wanted}, f'{{"v": {written}}}', {"/v": rule}) is is_right


def test_a_reference_beyond_any_bound_is_compared_exactly():
    huge = Decimal("1e5000")
    assert passes({"v": huge}, '{"v": 1e5000}', {"/v": {"tolerance": 1}})
    assert not passes({"v": huge}, '{"v": 1.0000001e5000}', {"/v": {"relative": 1}})


@pytest.mark.parametrize(
    ("rule", "wanted", "found", "said"),
    [
        ({"tolerance": 0.01}, 1, 2, "/v: expected 1 within 0.01, found 2"),
        ({"relative": 0.1, "tolerance": 1}, 1, 9, "/v: expected 1 within 1 or 10%, found 9"),
        ({"ignore": "case"}, "a", "b", '/v: expected "a" whatever its case, found "b"'),
        ({"pattern": "[a-z]"}, "a", "1", "/v: expected a text that matches '[a-z]', found \"1\""),
    ],
)
def test_a_reason_names_the_rule(rule, wanted, found, said):
    first, second = judged({"v": wanted}, {"v": found}, {"/v": rule})
    assert first.reason == said
    assert second.reason == f"0 of 1 leaves are equal; {said}"


def test_a_rule_holds_for_all_that_is_in_a_value_until_a_longer_pointer_has_one():
    compare = {"": {"ignore": "case"}, "/code": {}, "/deep": {"tolerance": 1}}
    reference = {"name": "Ada", "code": "A1", "list": ["X", {"y": "Z"}], "deep": {"n": [1]}}
    alike = {"name": "ADA", "code": "A1", "list": ["x", {"y": "z"}], "deep": {"n": [2]}}
    assert passes(reference, alike, compare)
    assert not passes(reference, {**alike, "code": "a1"}, compare)
    assert not passes(reference, {**alike, "deep": {"n": [3]}}, compare)


def test_a_name_comes_before_a_star():
    compare = {"/*": {"tolerance": 1}, "/b": {"tolerance": 0}}
    assert passes({"a": 1, "b": 1}, {"a": 2, "b": 1}, compare)
    assert not passes({"a": 1, "b": 1}, {"a": 2, "b": 2}, compare)


def test_patterns_of_an_answer_share_one_time_limit():
    items = ["a" * 40 + "b"] * 50
    verdicts = judged({"v": items}, {"v": items}, {"/v/*": {"pattern": "(a|a)+"}})
    assert {v.outcome for v in verdicts} == {Outcome.ERROR}
    assert "did not finish within 0.5 s on all values" in verdicts[0].reason


@pytest.mark.parametrize("compare", [BY_KEY, IN_ANY_ORDER])
def test_items_that_moved_are_matched_and_named_by_their_place_in_the_answer(compare):
    reference = {"items": ITEMS}
    assert passes(reference, {"items": ITEMS[::-1]}, compare)
    assert not passes(reference, {"items": ITEMS[::-1]}, {})
    first, second = judged(reference, {"items": [ITEMS[2], {"id": 2, "p": 7}, ITEMS[0]]}, compare)
    assert (first.path, second.path) == ("/items/1/p", "/items/1/p")
    assert first.reason == "/items/1/p: expected 3, found 7"
    assert second.share == 5 / 6
    text = json.dumps({"items": [ITEMS[2], {"id": 2, "p": 7}, ITEMS[0]]})
    assert first.span is not None
    assert text[slice(*first.span)] == "7"


def test_the_place_of_an_item_that_moved_is_right_in_yaml_too():
    text = "items:\n- id: 2\n  p: 9\n- id: 1\n  p: 2.5\n"
    first, _ = judged({"items": ITEMS[:2]}, text, BY_KEY, form="yaml")
    assert (first.path, text[slice(*(first.span or (0, 0)))]) == ("/items/0/p", "9")
    assert passes_yaml(text.replace("9", "3"))


def passes_yaml(text: str) -> bool:
    verdicts = judged({"items": ITEMS[:2]}, text, BY_KEY, form="yaml")
    return {v.outcome for v in verdicts} == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("items", "code", "path", "said", "share"),
    [
        ([ITEMS[0], ITEMS[1], ITEMS[0]], "duplicate_key", "/items/2", "has the same /id as", 2 / 6),
        (
            [ITEMS[0], {"p": 3}, ITEMS[2]],
            "missing_key",
            "/items/1",
            "expected /id, by which",
            4 / 6,
        ),
        ([ITEMS[2], ITEMS[0]], "wrong_value", "/items", 'an item {"id": 2, "p": 3}, found', 4 / 6),
        ([*ITEMS, {"id": 9, "p": 1}], "wrong_value", "/items/3", "expected nothing, found", 1),
        (["id", *ITEMS[1:]], "missing_key", "/items/0", "expected /id", 4 / 6),
    ],
)
def test_items_that_no_key_matches(items, code, path, said, share):
    first, second = judged({"items": ITEMS}, {"items": items}, BY_KEY)
    assert (first.code, first.path) == (code, path)
    assert said in first.reason
    assert second.share == share
    if share < 1:
        assert (second.code, second.path) == (code, path)


def test_a_key_may_have_several_parts_and_ignore_case():
    compare = {"/l": {"key": ["/a", "/b/c"], "ignore": "case"}}
    reference = {"l": [{"a": 1, "b": {"c": "X"}, "v": 1}, {"a": 1, "b": {"c": "Y"}, "v": 2}]}
    answer = {"l": [{"a": 1, "b": {"c": "y"}, "v": 2}, {"a": 1.0, "b": {"c": "x"}, "v": 1}]}
    assert passes(reference, answer, compare)


def test_lists_in_lists_are_matched_each_by_its_rule():
    compare = {"/o": {"key": "/id"}, "/o/*/l": {"order": "any"}, "/o/*/l/*/p": {"tolerance": 1}}
    reference = {"o": [{"id": n, "l": [{"p": n}, {"p": n + 5}]} for n in (10, 20)]}
    answer = {"o": [{"id": n, "l": [{"p": n + 6}, {"p": n - 1}]} for n in (20, 10)]}
    assert passes(reference, answer, compare)
    answer["o"][1]["l"][0]["p"] = 17
    first, _ = judged(reference, answer, compare)
    assert (first.path, first.reason[-8:]) == ("/o/1/l/0/p", "found 17")


def test_numbers_near_each_other_are_paired_as_well_as_can_be():
    compare = {"/v": {"order": "any", "tolerance": 0.1}}
    assert passes({"v": [1.0, 1.1]}, {"v": [1.1, 1.2]}, compare)
    assert passes({"v": [1.0, 1.1, 1.2]}, {"v": [1.3, 1.2, 1.1]}, compare)
    assert not passes({"v": [1.0, 1.1]}, {"v": [1.2, 1.3]}, compare)


def test_pointers_of_exact_follow_items_to_their_partners():
    reference = {"items": ITEMS}
    moved = {"items": [{**item, "note": "x"} for item in ITEMS[::-1]]}
    assert judged(reference, moved, BY_KEY, exact=["/items/*/p"])[0].outcome is Outcome.PASSED
    assert judged(reference, moved, {}, exact=["/items/*/p"])[0].outcome is Outcome.FAILED
    more = {"items": [{"id": 4, "p": 1}, *ITEMS]}
    found = judged(reference, more, BY_KEY, exact=["/items/*/p"])[0]
    assert (found.path, found.reason) == ("/items/0/p", "/items/0/p: expected nothing, found 1")


@pytest.mark.parametrize(
    "answer", ['{"items": 7}', '{"items": {"0": 1}}', "[]", "7", '{"items": []}', '{"items": [[]]}']
)
@pytest.mark.parametrize("compare", [BY_KEY, IN_ANY_ORDER, {"": {"order": "any"}}])
def test_an_answer_of_another_form_fails(answer, compare):
    assert not passes({"items": ITEMS}, answer, compare)


@pytest.mark.parametrize("compare", [BY_KEY, IN_ANY_ORDER])
def test_thousands_of_items_take_no_square_of_their_number(compare):
    reference = [{"id": n, "p": n / 7} for n in range(3_000)]
    assert passes({"items": reference}, {"items": reference[::-1]}, compare)
    others = [{"id": -n, "p": n / 3} for n in range(3_000)]
    assert not passes({"items": reference}, {"items": others}, compare)


def test_a_long_list_of_loose_items_needs_a_key_unless_all_are_equal():
    reference = {"v": list(range(65))}
    compare = {"/v": {"order": "any", "tolerance": 1}}
    assert passes(reference, {"v": list(range(65))[::-1]}, compare)
    verdicts = judged(reference, {"v": list(range(1, 66))}, compare)
    assert {v.outcome for v in verdicts} == {Outcome.ERROR}
    assert "give the list a key" in verdicts[0].reason
    shorter = {"v": list(range(64))}
    assert passes(shorter, {"v": list(range(1, 65))[::-1]}, compare)


def test_what_matching_may_cost_is_counted_over_all_lists_of_an_answer():
    inner = [{"x": n % 3, "y": n} for n in range(60)]
    reference = {"o": [{"n": n, "l": inner} for n in range(60)]}
    answer = {"o": [{"n": -n, "l": [{**i, "y": -1 - i["y"]} for i in inner]} for n in range(60)]}
    compare = {"/o": {"order": "any"}, "/o/*/l": {"order": "any"}}
    assert not passes(reference, answer, compare)


@pytest.mark.parametrize(
    ("compare", "said"),
    [
        ({"v": {}}, "'v' is no JSON pointer"),
        ({"/v": {"tolerance": -1}}, "greater than or equal to 0"),
        ({"/v": {"tolerance": True}}, "expected a number, found true"),
        ({"/v": {"tolerance": "1e-2000"}}, "at most 100 digits"),
        ({"/v": {"tolerance": "nan"}}, "finite"),
        ({"/v": {"ignore": "width"}}, "'case' or 'blanks'"),
        ({"/v": {"pattern": "("}}, "'(' is no regular expression"),
        ({"/v": {"pattern": "a", "ignore": "case"}}, "pattern and ignore: one of the two"),
        ({"/v": {"key": "/id", "order": "any"}}, "leave order out"),
        ({"/v": {"key": "id"}}, "'id' is no JSON pointer"),
        ({"/v": {"key": "/a/*"}}, "'/a/*' leads to several values"),
        (
            {"/v": {"key": "/id"}, "/v/*/id": {"tolerance": 1}},
            "/v: its key /id is compared exactly",
        ),
        ({"/v": {"key": "/id", "pattern": "x"}}, "/v: its key /id is compared exactly"),
        ({"/v": {"order": "any"}, "/v/0/p": {}}, "/v/0/p: the items of /v have no place, write *"),
        ({"/a" * 101: {}}, "has more than 100 parts"),
    ],
)
def test_rules_that_say_nothing_are_refused(compare, said):
    with pytest.raises(ValidationError) as caught:
        Output.model_validate({"format": "json", "compare": compare})
    assert said in str(caught.value)


leaves = st.one_of(st.integers(0, 3), st.sampled_from(["a", "A", "b "]), st.none(), st.booleans())
items = st.lists(
    st.one_of(leaves, st.dictionaries(st.sampled_from("xyz"), leaves, max_size=3)), max_size=6
)
rules = st.sampled_from([{}, {"tolerance": 1}, {"ignore": ["case", "blanks"]}, {"pattern": "[ab]"}])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(items, items, rules, st.randoms(use_true_random=False))
def test_the_order_of_unordered_items_changes_no_verdict_and_no_share(wanted, found, rule, chance):
    compare = {"/v": {"order": "any"}, "/v/*": rule}
    shuffled = list(found)
    chance.shuffle(shuffled)
    first, second = judged({"v": wanted, "n": 1}, {"v": found, "n": 1}, compare)
    again, shared = judged({"v": wanted, "n": 1}, {"v": shuffled, "n": 1}, compare)
    assert first.outcome is again.outcome
    assert second.share == shared.share
    mirrored, _ = judged({"v": wanted[::-1], "n": 1}, {"v": found, "n": 1}, compare)
    assert mirrored.outcome is first.outcome


@settings(max_examples=60, deadline=None, derandomize=True)
@given(items, rules, st.randoms(use_true_random=False))
def test_a_shuffled_reference_is_right(wanted, rule, chance):
    shuffled = list(wanted)
    chance.shuffle(shuffled)
    compare = {"/v": {"order": "any"}, "/v/*": rule if "pattern" not in rule else {}}
    assert passes({"v": wanted, "n": 1}, {"v": shuffled, "n": 1}, compare)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=3),
    st.decimals(0, 1000, places=3),
)  # fmt: skip
def test_a_tolerance_is_symmetric_and_exact(one, other, tolerance):
    compare = {"/v": {"tolerance": str(tolerance)}}
    is_right = passes({"v": one}, f'{{"v": {other}}}', compare)
    assert is_right is (abs(one - other) <= tolerance)
    assert passes({"v": other}, f'{{"v": {one}}}', compare) is is_right


def test_the_best_pairing_beats_every_other_one():
    """Against all pairings of five items, with numbers of a fixed seed."""
    from itertools import permutations

    from harness.checks.equality.assignment import best_pairs

    chance = random.Random(7)
    for columns in (3, 5, 6):
        weights = [[chance.choice((0, 0, 1, 2, 7)) for _ in range(columns)] for _ in range(5)]
        best = best_pairs(weights, columns)
        taken = [column for column in best if column is not None]
        assert len(taken) == len(set(taken))
        assert all(weights[row][c] for row, c in enumerate(best) if c is not None)
        total = sum(weights[row][c] for row, c in enumerate(best) if c is not None)
        padded = [[*row, *[0] * 5] for row in weights]
        others = permutations(range(columns + 5), 5)
        sums = (sum(padded[row][c] for row, c in enumerate(way)) for way in others)
        assert total == max(sums)
