"""Texts made to hurt: every check answers, and none reads the text once too often.

No test here takes the time. That the work is linear is held by counting it: the characters that the
decoder and the bracket matcher are handed, on the same text twice as long.
"""

from dataclasses import replace

import pytest

from harness.checks.json import brackets as json_brackets
from harness.checks.json import decoder as json_decoder
from harness.checks.json import document as json_document
from harness.core.verdict import Outcome
from harness.tasks.judging import judge_line
from tests.checks.judging import line

SIZE = 200_000
SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"type": "array", "items": {"type": "number"}},
        "n": {"type": "string", "pattern": "^[a-z]+$"},
    },
    "required": ["a"],
    "additionalProperties": {"type": ["array", "object", "string", "number"]},
}


def of(unit: str, size: int = SIZE) -> str:
    return unit * (size // len(unit))


# Text, and the code of json_validity ("passed" where it is valid JSON).
TEXTS = {
    "openers": (lambda n: of("[", n), "bracket_loop"),
    "closers": (lambda n: of("]", n), "bracket_loop"),
    "spaced openers": (lambda n: of("[ ", n), "bracket_loop"),
    "mixed openers": (lambda n: of("[{", n), "bracket_loop"),
    "balanced arrays": (lambda n: of("[", n // 2) + of("]", n // 2), "passed"),
    "balanced objects": (lambda n: '{"a":' * (n // 6) + "1" + "}" * (n // 6), "passed"),
    "open objects": (lambda n: of('{"a":', n), "truncated"),
    "open pairs": (lambda n: of("[[],", n), "truncated"),
    "quotes": (lambda n: of('"', n), "no_json"),
    "quotes in a value": (lambda n: '{"' + of('"', n), "syntax"),
    "escaped quotes": (lambda n: '"' + of('\\"', n), "truncated"),
    "escaped quotes on lines": (lambda n: '"' + of('\n\\"', n), "syntax"),
    "backslashes": (lambda n: '{"n": "' + of("\\", n) + '"}', "passed"),
    "open backslashes": (lambda n: '{"n": "' + of("\\", n), "truncated"),
    "giant integer": (lambda n: of("1", n), "passed"),
    "giant integer in a value": (lambda n: '{"a": [' + of("9", n) + "]}", "passed"),
    "giant fraction": (lambda n: '{"a": [0.' + of("9", n) + "]}", "passed"),
    "giant exponent": (lambda n: '{"a": [1e' + of("9", n) + "]}", "passed"),
    "brackets in a string": (lambda n: '{"n": "' + of("[{", n) + '"}', "passed"),
    "lone surrogates": (lambda n: '{"n": "' + of("\ud800", n) + '"}', "passed"),
    "escaped surrogates": (lambda n: '{"n": "' + of("\\ud800", n) + '"}', "passed"),
    "newlines": (lambda n: of("\n", n), "empty"),
    "newlines behind": (lambda n: '{"a": []}' + of("\n", n), "passed"),
    "fences": (lambda n: of("```json\n", n), "no_json"),
    "fenced values": (lambda n: of('```{"a":1}', n), "markdown_fence"),
    "braces in prose": (lambda n: of("word { and [ then ", n), "no_json"),
    "values begun in prose": (lambda n: of('x {"a ', n), "text_before"),
    "objects begun": (lambda n: of('{ "a" ', n), "syntax"),
    "footnotes": (lambda n: of("see [1] ", n), "text_before"),
    "broken footnotes": (lambda n: of("[1, x ", n), "syntax"),
    "broken footnotes in prose": (lambda n: of("x [1,", n), "no_json"),
    "numbers": (lambda n: '{"a": [' + of("1,", n) + "1]}", "passed"),
    "wrong items": (lambda n: '{"a": [' + of('"",', n) + '""]}', "passed"),
    "numbers cut off": (lambda n: '{"a": [' + of("1,", n), "truncated"),
    "one name": (lambda n: "{" + of('"a":1,', n) + '"a":1}', "passed"),
    "many names": (lambda n: '{"a":1' + "".join(f',"{i:08}":null' for i in range(n // 16)) + "}", "passed"),  # noqa: E501
    "no number at the end": (lambda n: '{"a": [' + of("1,", n) + "NaN]}", "nan"),
    "open thoughts": (lambda n: of("<think>", n), "no_json"),
    "closed thoughts": (lambda n: of("</think>", n), "no_json"),
    "thoughts in a value": (lambda n: 'x {"n": "' + of("</think>", n) + '"}', "text_before"),
    "thoughts in turn": (lambda n: of("<think>{</think>", n), "no_json"),
    "loop": (lambda n: of("ha ", n), "no_json"),
    "loop in a value": (lambda n: '{"n": "' + of("ha ", n), "truncated"),
    "special tokens": (lambda n: of("<|im_end|>", n), "no_json"),
    "documents": (lambda n: of('{"a":1}', n), "second_document"),
    "marks of direction": (lambda n: of("\u202e", n), "no_json"),
    "lines of numbers": (lambda n: of("1\n", n), "second_document"),
    "lines of strings": (lambda n: of('"a"\n', n), "second_document"),
    "signs": (lambda n: of("-", n), "no_json"),
    "days": (lambda n: '{"n": "' + of("2024-01-01 ", n) + '"}', "passed"),
    "broken pairs": (lambda n: of('{["}]', n), "syntax"),
    "control characters": (lambda n: '{"n": "' + of("\x1b", n) + '"}', "syntax"),
}  # fmt: skip


LINE = line(
    id=1,
    completion="",
    prompt="1 Ada 2024-01-01",
    schema=SCHEMA,
    timestamps={"/n": "date", "/a/*": "game_clock"},
    grounded=["/a", "/n", "/*"],
    reference={"a": 1, "n": "x"},
    finish_reason="stop",
)


def verdicts(text):
    return dict(judge_line(replace(LINE, completion=text)))


@pytest.mark.parametrize("name", TEXTS)
def test_every_check_answers(name):
    make, expected = TEXTS[name]
    text = make(SIZE)
    found = verdicts(text)
    validity = found["json_validity"]
    assert (validity.code or validity.outcome.value) == expected
    assert found.pop("leaf_values").outcome is Outcome.SKIPPED  # LINE does not ask for shares.
    assert found.pop("item_counts").outcome is Outcome.SKIPPED
    for verdict in found.values():
        assert verdict.outcome in (Outcome.PASSED, Outcome.FAILED)
        assert len(verdict.reason) <= 400
        assert verdict.span is None or 0 <= verdict.span[0] <= verdict.span[1] <= len(text)


@pytest.mark.parametrize("name", TEXTS)
def test_the_work_is_linear(name, monkeypatch):
    make, _ = TEXTS[name]
    size = 20_000
    monkeypatch.setattr(json_document, "decode", counted_decode)
    monkeypatch.setattr(json_document, "match_brackets", counted_match)
    monkeypatch.setattr(json_brackets, "match_brackets", counted_match)
    work = []
    for length in (size, 2 * size):
        WORK.clear()
        verdicts(make(length))
        work.append(sum(WORK))
    assert work[1] <= 12 * 2 * size
    assert work[1] <= 2.2 * work[0] + 1000


WORK: list[int] = []
decode, match_brackets = json_decoder.decode, json_brackets.match_brackets


def counted_decode(text, start):
    try:
        decoded = decode(text, start)
    except json_decoder.json.JSONDecodeError as error:
        WORK.append(error.pos - start)
        raise
    WORK.append(decoded.end - start)
    return decoded


def counted_match(text, start, stop, **options):
    WORK.append(stop - start)
    return match_brackets(text, start, stop, **options)


@pytest.mark.parametrize("name", ["openers", "balanced arrays", "balanced objects", "quotes"])
def test_a_hundred_thousand_levels(name):
    make, expected = TEXTS[name]
    validity = verdicts(make(1_000_000))["json_validity"]
    assert (validity.code or validity.outcome.value) == expected
