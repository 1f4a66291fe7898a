"""Causes in words: each code has its own, of one answer and of several."""

import pytest

from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict
from harness.gate.causes import Cause, Edge, Failure
from harness.report.words import causes as words
from harness.report.words.causes import BROKE, STILL_FAIL


def failing(count: int, verdict: Verdict, text: str = "", *behaviors: str) -> tuple[Failure, ...]:
    return tuple(
        Failure(Completion(text, FinishReason.STOP, f"c{i}"), verdict, behaviors or ("b",))
        for i in range(count)
    )


def cause(code: FailureCode | None, count: int = 2, **fields: object) -> Cause:
    verdict = Verdict.failed(code, "") if code else Verdict.passed()
    return Cause(code, failing(count, verdict), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", FailureCode)
def test_every_code_has_words_of_one_and_of_several(code: FailureCode) -> None:
    many, one = (words.counted(cause(code, n)) for n in (2, 1))
    assert many.startswith("2 ")
    assert one.startswith("1 ")
    assert many.split()[1] != one.split()[1] or many.split()[1] == "cannot"


def test_a_sentence_tells_counts_and_what_is_left() -> None:
    causes = (
        cause(FailureCode.MARKDOWN_FENCE, 24, edge=Edge.BEGINNING, written="```json"),
        cause(FailureCode.TEXT_BEFORE, 17),
        cause(FailureCode.MISSING_KEY, 4),
        cause(FailureCode.SYNTAX, 2),
        cause(FailureCode.EMPTY, 1),
    )
    assert words.sentence(causes[:3], BROKE) == (
        "45 broke: 24 begin with ```json, 17 begin with chatter, 4 lost a key"
    )
    assert words.sentence(causes, BROKE, 3).endswith("4 lost a key, 3 otherwise")
    assert words.sentence(causes[1:2], STILL_FAIL) == "17 still fail: all begin with chatter"
    assert words.sentence(causes[4:], STILL_FAIL) == "1 still fails: it is empty"


def test_places_of_one_code_share_the_words() -> None:
    code = FailureCode.WRONG_VALUE
    causes = (
        cause(code, 5, path="/amount"), cause(code, 3, path="/date"), cause(code, 1, path="/x"),
        cause(code, 2, is_rest=True),
    )  # fmt: skip
    assert words.sentence(causes, BROKE) == (
        "11 broke: 5 have a wrong value at /amount, 3 at /date, 1 has a wrong value at /x, "
        "2 have a wrong value elsewhere"
    )


def test_a_text_of_a_model_is_no_place() -> None:
    causes = [
        cause(FailureCode.TEXT_BEFORE, n, edge=Edge.BEGINNING, written=f"Look at {what}")
        for n, what in ((5, "me"), (3, "you"))
    ]
    assert words.sentence(causes, BROKE) == (
        "8 broke: 5 begin with Look at me, 3 begin with Look at you"
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (cause(FailureCode.MARKDOWN_FENCE, edge=Edge.END, written="```"), "end with ```"),
        (cause(FailureCode.MARKDOWN_FENCE), "have a Markdown fence"),
        (cause(FailureCode.THINK_BLOCK, edge=Edge.BEGINNING), "begin with a think block"),
        (cause(FailureCode.SPECIAL_TOKEN, written="<|x|>"), "have <|x|>"),
        (cause(FailureCode.MISSING_KEY, path="/a/b"), "lack the key /a/b"),
        (cause(FailureCode.ASSERTION, behavior="is_polite"), "fail is_polite"),
        (cause(None), "fail"),
    ],
)
def test_places_and_texts_are_in_the_words(found: Cause, said: str) -> None:
    assert words.phrase(found) == said


def test_a_behavior_of_the_catalogue_says_what_its_code_means_there() -> None:
    verdict = Verdict.failed(FailureCode.MISSING_KEY, "")
    found = Cause(FailureCode.MISSING_KEY, failing(2, verdict, "", "sections"))
    assert words.counted(found) == "2 lack a section"
    assert words.counted(found, is_broken=True) == "2 lost a section"


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("short", (0, 2), "short"),
        ("", None, ""),
        ("a" * 100, (0, 3), "a" * 19 + "…"),
        ("a" * 50 + "b" * 50, (50, 51), "…" + "a" * 12 + "b" * 6 + "…"),
        ("a" * 50 + "b" * 5, (55, 55), "…" + "a" * 14 + "b" * 5),
    ],
)
def test_an_example_is_a_window_around_the_fault(
    text: str, span: tuple[int, int] | None, shown: str
) -> None:
    verdict = Verdict.failed(FailureCode.SYNTAX, "", span)
    found = words.example(Cause(FailureCode.SYNTAX, failing(1, verdict, text)), 20)
    assert found == shown
    assert len(found) <= 20
