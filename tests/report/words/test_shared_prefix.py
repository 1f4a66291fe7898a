"""The prefix that texts share."""

import pytest

from harness.report.words.shared_prefix import common_prefix, shared_prefix


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
