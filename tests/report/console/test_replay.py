"""One case answered again: what is the same, what is not, and which verdicts changed."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.completion import Completion, FinishReason
from harness.core.logprobs import Logprobs
from harness.report.console.replay import AROUND, MAX_SHOWN, certainty_lines, differences, lines
from tests.cpu import MAX_SECONDS, cpu_seconds
from tests.report.hostile import EVERYTHING

LONG = 200_000


def said(before: str, after: str) -> str:
    [*_, last] = lines(*(Completion(text) for text in (before, after)))
    return last


def changed(before: str, after: str) -> list[tuple[str, str]]:
    return [(a, b) for a, b in differences(before, after) if a != b]


def test_how_each_ended_comes_first() -> None:
    cut_off = Completion("ab", FinishReason.LENGTH, token_ids=(1, 2))
    failed = Completion("", FinishReason.ERROR, error="it broke\x1b")
    assert [*lines(cut_off, failed)] == [
        "  before  2 characters, 2 tokens, was cut off by the token limit",
        "  after   no completion: it broke␛",
    ]


def test_what_went_and_what_came_stand_in_brackets() -> None:
    assert said("same", "same") == "The same, character by character: same"
    assert said('{"a": 1}', '{"a": 12, "b": 3}') == 'Different: {"a": 1{+2, "b": 3+}}'
    assert said("the bill is due", "the bill was overdue") == (
        "Different: the bill [-is-]{+was+} {+over+}due"
    )


def test_much_that_is_alike_is_left_out() -> None:
    alike = "word " * 100
    text = said(f"{alike}old {alike}end", f"{alike}new {alike}end")
    assert text == f"Different:  … {alike[-AROUND:]}[-old-]{{+new+}}{(' ' + alike)[:AROUND]} … "
    [(gone, come)] = changed("x" * 5_000, "y" * 5_000)
    assert (len(gone), len(come)) == (5_000, 5_000)
    assert f"{5_000 - MAX_SHOWN:,} more characters" in said(gone, come)


@given(st.text(alphabet="ab{}\n\u202e ", max_size=40), st.text(alphabet="ab{}\n ", max_size=40))
def test_each_side_s_stretches_join_to_its_text(before: str, after: str) -> None:
    found = [*differences(before, after)]
    assert "".join(a for a, _ in found) == before
    assert "".join(b for _, b in found) == after


def test_words_are_compared_and_lines_where_there_are_too_many() -> None:
    assert changed('{"name": "Amara Okafor", "a": 1}', '{"name": "Noor Haddad", "a": 2}') == [
        ("Amara", "Noor"),
        ("Okafor", "Haddad"),
        ("1", "2"),
    ]
    row = " ".join("abcdefghij")
    many = [f"{row} {i}\n" for i in range(200)]
    other = [*many[:50], "one more\n", *many[50:150], *many[151:], "x"]
    assert changed("".join(many), "".join(other)) == [
        ("", "one more\n"),
        (many[150], ""),
        ("", "x"),
    ]


def _random(alphabet: str, seed: int) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=LONG))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_random("ab,;", 0), _random("ab,;", 1)),
        (_random("ab \n", 0), _random("ab \n", 1)),
        ("x " * 499, "x y " * 249),
        ("x " * LONG, "x y " * LONG),
        ("a" + "x" * LONG + "z", "a" + "y" * LONG + "z"),
        ("\n" * LONG, "\n \n" * LONG),
        (EVERYTHING * 20, EVERYTHING[::-1] * 20),
    ],
)
def test_texts_that_are_hard_to_compare_are_soon_told_apart(before: str, after: str) -> None:
    assert cpu_seconds(lambda: said(before, after)) < MAX_SECONDS
    assert len(said(before, after)) < 2_000 * MAX_SHOWN


def certain(text: str, *tokens: tuple[int, float, str, float]) -> Completion:
    return Completion(text, logprobs=Logprobs.of(*map(list, zip(*tokens, strict=True))))


def test_the_least_certain_tokens_and_where_the_answers_part() -> None:
    before = certain('{"}', (2, -0.01, "x", -5.0), (1, -0.5, ",", -1.0), (0, -0.2, "}", -2.0))
    after = certain('{",\x1b', (2, -0.01, "x", -5.0), (1, -0.07, "}", -2.7), (1, -9.0, " a", -0.0))
    assert list(certainty_lines(before, after)) == [
        "Least certain tokens, each with its runner-up:",
        "  before  `}` 0.61, `,` 0.37",
        "          the end 0.82, `}` 0.14",
        "  after   `␛` under 0.01, ` a` over 0.99",
        "Here the answers part: before `}` 0.61, after `,` 0.93",
    ]


def test_answers_without_log_probabilities_say_nothing_or_that_they_have_none() -> None:
    before = certain("a", (1, -0.01, "x", -5.0))
    assert list(certainty_lines(Completion("a"), Completion("b"))) == []
    assert list(certainty_lines(before, Completion("b")))[1:] == [
        "  before  every token has a probability over 0.9",
        "  after   no log-probabilities",
    ]


def test_of_many_uncertain_tokens_the_least_are_shown_and_long_ones_are_cut() -> None:
    tokens = [(1, -1.0 - n / 10, "y" * 90, -2.0) for n in range(20)]
    lines = list(certainty_lines(certain("x" * 20, *tokens), certain("x" * 20, *tokens)))
    assert len(lines) == 1 + 2 * 5
    assert "50 more characters" in lines[1]
