"""The text is built as it was asked for: its sections, its facts, its length, and no more."""

import pytest

from harness import check
from harness.checks import expected, forbidden, quotes, sections, words


@pytest.mark.behavior(needs=sections.NEEDS)
def test_sections(completion, task):
    check(sections, completion, task)


@pytest.mark.behavior(needs=quotes.NEEDS)
def test_quotes(completion, task):
    check(quotes, completion, task)


@pytest.mark.behavior(needs=expected.NEEDS)
def test_expected(completion, task):
    check(expected, completion, task)


@pytest.mark.behavior(needs=forbidden.NEEDS)
def test_forbidden(completion, task):
    check(forbidden, completion, task)


@pytest.mark.behavior(needs=words.NEEDS)
def test_words(completion, task):
    check(words, completion, task)
