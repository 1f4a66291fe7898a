"""A run's answers differ, and one by one they stop by themselves."""

from dataclasses import replace

import pytest

from harness.checks.declared.output import Output
from harness.checks.json_validity import JsonValidity
from harness.checks.schema_types import SchemaTypes
from harness.checks.stops_cleanly import StopsCleanly
from harness.checks.variety import Variety
from harness.core.completion import Completion, FinishReason
from tests.checks.judging import case, judge, word


def run(*texts):
    return [(replace(case(), id=str(i)), Completion(text)) for i, text in enumerate(texts)]


def test_different_values():
    pairs = run(*(f'{{"e": "event {i}"}}' for i in range(10)))
    assert Variety(("/e",)).judge(pairs).outcome == "passed"


def test_one_value_in_too_many_answers():
    texts = ['{"e": "x"}'] * 3 + [f'{{"e": "event {i}"}}' for i in range(7)]
    verdict = Variety(("/e",)).judge(run(*texts))
    assert verdict.code == "text_loop"
    assert verdict.reason == (
        'the value "x" of /e is in 30% of 10 completions, at most 20% are expected'
    )
    assert verdict.span is None
    assert Variety(("/e",), max_share=0.3).judge(run(*texts)).outcome == "passed"
    assert Variety(("/other",)).judge(run(*texts)).outcome == "passed"


def test_the_share_itself_is_allowed():
    texts = ['{"e": "x"}'] * 2 + [f'{{"e": "event {i}"}}' for i in range(8)]
    assert Variety(("/e",)).judge(run(*texts)).outcome == "passed"


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("yaml", "- e: {}\n- e: other"),
        ("jsonl", '{{"e": "{}"}}\n{{"e": "other"}}'),
        ("csv", "e,f\n{},1\nother,2"),
    ],
)
def test_values_of_other_formats_are_counted(form, answer):
    output = Output(format=form)
    texts = [answer.format("x")] * 3 + [answer.format(f"event {i}") for i in range(7)]
    verdict = Variety(("/0/e",)).judge(run(*texts), lambda case: output)
    assert verdict.reason == (
        'the value "x" of /0/e is in 30% of 10 completions, at most 20% are expected'
    )
    everywhere = Variety(("/*/e",), max_share=0.5).judge(run(*texts), lambda case: output)
    assert everywhere.reason.startswith('the value "other" of /*/e is in 100%')
    assert Variety(("/0/e",), max_share=0.3).judge(run(*texts), lambda case: output).outcome == (
        "passed"
    )


def test_each_answer_is_read_by_what_its_case_declares():
    outputs = [Output(format="csv", delimiter=";"), Output(format="json"), Output(format="text")]
    texts = ["e;f\nx;1", '[{"e": "x"}]', "x"] * 6
    pairs = run(*texts)
    verdict = Variety(("/0/e",)).judge(pairs, lambda case: outputs[int(case.id) % 3])
    assert verdict.reason.startswith('the value "x" of /0/e is in 100% of 12 completions')
    few = Variety(("/0/e",)).judge(pairs[:12], lambda case: outputs[int(case.id) % 3])
    assert few.outcome == "skipped"
    assert few.reason == "8 completions in a format of values, variety needs 10"
    phrases = Variety(("/0/e",), fallback_phrases=("x",))
    assert phrases.judge(pairs[:12], lambda case: outputs[2]).reason.startswith(
        "the phrase 'x' is in 100% of 12 completions"
    )


def test_a_completion_counts_a_value_once():
    texts = ['{"e": ["x", "x", "x"]}'] * 2 + [f'{{"e": ["event {i}"]}}' for i in range(8)]
    assert Variety(("/e/*",)).judge(run(*texts)).outcome == "passed"


def test_values_are_compared_as_values():
    texts = ['{"e": 1}', '{"e": 1.0}', '{"e": 1e0}'] + ['{"e": true}'] + ["{}"] * 6
    verdict = Variety(("/e",)).judge(run(*texts))
    assert verdict.reason.startswith("the value 1 of /e is in 30%")
    pairs = run(*(['{"e": ["a"]}'] * 10))
    assert "a of /e is in 100%" in Variety(("/e",)).judge(pairs).reason


def test_fallback_phrases_are_found_in_any_text():
    texts = ["well, GAME action continues"] * 3 + ["a good answer"] * 7
    check = Variety(fallback_phrases=("Game action continues", "no"))
    verdict = check.judge(run(*texts))
    assert verdict.reason == (
        "the phrase 'Game action continues' is in 30% of 10 completions, at most 20% are expected"
    )


def test_the_share_of_a_phrase_itself_is_allowed():
    texts = ["ok then"] * 2 + ["a good answer"] * 8
    assert Variety(fallback_phrases=("ok then",)).judge(run(*texts)).outcome == "passed"


def test_the_commonest_is_reported():
    texts = ['{"e": "x"} ok'] * 4 + ['{"e": "y"} sorry'] * 6
    check = Variety(("/e",), fallback_phrases=("ok", "sorry"))
    assert check.judge(run(*texts)).reason.startswith('the value "y" of /e is in 60%')


def test_order_does_not_matter():
    texts = ['{"e": "x"}'] * 5 + ['{"e": "y"}'] * 5
    check = Variety(("/e",))
    assert check.judge(run(*texts)) == check.judge(run(*reversed(texts)))


def test_few_completions_say_nothing(monkeypatch):
    verdict = Variety(("/e",)).judge(run(*['{"e": 1}'] * 9))
    assert verdict.outcome == "skipped"
    assert verdict.reason == "9 completions, variety needs 10"
    failed = [(case(), Completion("", FinishReason.ERROR))] * 5
    assert Variety(("/e",)).judge([*run(*['{"e": 1}'] * 9), *failed]).outcome == "skipped"
    monkeypatch.setattr(Variety, "min_completions", 9)
    assert Variety(("/e",)).judge(run(*['{"e": 1}'] * 9)).code == "text_loop"


def test_broken_answers_have_no_value():
    assert Variety(("/e",)).judge(run(*['{"e": 1'] * 10)).outcome == "passed"


def test_stops_cleanly():
    assert word(StopsCleanly(), "x") == "passed"
    verdict = judge(StopsCleanly(), "abc", finish="length")
    assert verdict.code == "truncated"
    assert verdict.span == (3, 3)
    assert verdict.reason == (
        "expected the model to end by itself, the token limit ended the completion"
    )
    assert word(StopsCleanly(), "", finish="error") == "backend_error"


@pytest.mark.parametrize(
    ("text", "finish", "code"),
    [
        ('{"a": 1', "stop", "unclosed"),
        ('{"a": 1', "length", "truncated"),
        ('{"a": ', "stop", "truncated"),
        ('{"a": "x\n', "length", "truncated"),
        ('{"a": [[[[', "length", "bracket_loop"),
        ('{"a": 1,}', "length", "syntax"),
    ],
)
def test_the_token_limit_makes_unclosed_truncated(text, finish, code):
    assert word(JsonValidity(), text, finish=finish) == code


def test_the_reason_says_so():
    reason = judge(JsonValidity(), '{"a": 1', finish="length").reason
    assert reason == "the { that opens here is never closed: the token limit ended the completion"


def test_a_failed_backend_is_an_error_with_its_own_words():
    completion = Completion("", FinishReason.ERROR, error="killed by signal 9")
    verdict = JsonValidity().judge(case(), completion)
    assert (verdict.outcome, verdict.code) == ("error", "backend_error")
    assert verdict.reason == "killed by signal 9"
    assert SchemaTypes.__slots__ == ("schema", "wrappers")
