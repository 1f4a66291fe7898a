"""Repair: another completion, beside the evidence."""

import json_repair
import pytest

from harness.checks.json.repair import MAX_CHARACTERS, MAX_DEPTH, Repaired, repair_text, repaired
from harness.checks.json_validity import JsonValidity
from harness.checks.no_extra_text import NoExtraText
from harness.core.completion import Completion, FinishReason
from tests.checks.judging import judge, word


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ('{"a": 1}', '{"a": 1}'),
        (' {"a": 1} ', ' {"a": 1} '),
        ('Sure {"a": 1} ok', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('{"a": 1,}', '{"a": 1}'),
        ("{'a': True}", '{"a": true}'),
        ('{"a": [1, 2', '{"a": [1, 2]}'),
        ('Sure {"a": "\u00e9', '{"a": "\u00e9"}'),
        ("nothing to repair", "nothing to repair"),
        ("", ""),
    ],
)
def test_repair(text, fixed):
    assert repair_text(text) == fixed


def test_the_evidence_is_untouched():
    raw = Completion('{"a": 1,}', FinishReason.LENGTH, case_id="c", token_ids=(1, 2))
    fixed = repaired(raw)
    assert raw.text == '{"a": 1,}'
    assert fixed.text == '{"a": 1}'
    assert (fixed.case_id, fixed.token_ids, fixed.finish_reason) == ("c", (1, 2), "length")
    sound = Completion("{}")
    assert repaired(sound) is sound


def test_rates_stand_beside_each_other():
    assert word(JsonValidity(), "{'a': 1}") == "syntax"
    assert word(Repaired(JsonValidity()), "{'a': 1}") == "passed"
    verdict = judge(Repaired(NoExtraText()), "no json")
    assert verdict.code == "no_json"
    assert verdict.span is None
    assert word(Repaired(JsonValidity()), "", finish="error") == "backend_error"


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        "[" * (MAX_DEPTH + 1),
        '{"a": "' + "x" * MAX_CHARACTERS,
        '{"' * (MAX_DEPTH + 1),
    ],
)
def test_text_that_would_take_the_library_long_is_left_as_it_is(text):
    assert repair_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "[1, " * MAX_DEPTH,
        "]] " + "[1, " * MAX_DEPTH,
        "[{}, " + "[], " * 500,
        '{"a": "' + "x" * (MAX_CHARACTERS - 7),
    ],
)
def test_text_within_the_bounds_is_repaired(text):
    assert word(JsonValidity(), repair_text(text)) == "passed"


@pytest.mark.parametrize("made", ["", "not json", '{"a": 1} x', 7])
def test_what_is_no_json_after_repair_is_not_taken(monkeypatch, made):
    monkeypatch.setattr(json_repair, "repair_json", lambda *_, **__: made)
    assert repair_text('{"a": 1,}') == '{"a": 1,}'


def test_whatever_the_library_trips_over_is_its_own_affair(monkeypatch):
    def trip(*_, **__):
        raise RecursionError

    monkeypatch.setattr(json_repair, "repair_json", trip)
    assert repair_text('{"a": 1,}') == '{"a": 1,}'
