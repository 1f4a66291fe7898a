"""The part of a long text that is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.words.excerpts import beginning, common_prefix, shared_prefix, window


def test_a_beginning_says_how_much_is_left() -> None:
    assert beginning("abc", 3) == ("abc", "")
    assert beginning("x" * 1_234, 1) == ("x", " … 1,233 more characters")


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 80))
def test_a_window_is_inside_the_text_and_holds_the_failure(
    length: int, at: int, limit: int
) -> None:
    at = min(at, length)
    start, end = window(length, (at, at), limit)
    assert 0 <= start <= end <= length
    assert end - start == min(limit, length)
    assert start <= at <= end


@pytest.mark.parametrize(
    ("texts", "prefix"),
    [
        ([], ""),
        (["only one"], ""),
        (["Text: a b", "Text: a c"], "Text: a "),
        (["Text:\none", "Text:\ntwo"], "Text:\n"),
        (["word", "work"], ""),
        (["the same", "the same"], "the "),
        (["the ", "the end"], ""),
        (["", "a b"], ""),
    ],
)
def test_it_ends_at_a_blank_and_leaves_something_of_each(texts: list[str], prefix: str) -> None:
    assert shared_prefix(texts) == len(prefix)


def test_what_two_texts_begin_with() -> None:
    assert common_prefix("abc", "abd") == 2
    assert common_prefix("ab", "abd") == 2
    assert common_prefix("", "a") == 0
