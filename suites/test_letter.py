"""The text is built as it was asked for: its sections, its facts, its length, and no more."""

import pytest

from harness import check
from harness.checks.forbidden import NoForbiddenText
from harness.checks.quotes import Quotes
from harness.checks.sections import Sections
from harness.checks.words import WordWindow


@pytest.mark.behavior(needs="sections")
def test_sections(completion, task):
    check(Sections(task.sections), completion, task)


@pytest.mark.behavior(needs="quotes")
def test_quotes(completion, task):
    check(Quotes(task.quotes), completion, task)


@pytest.mark.behavior(needs="forbidden")
def test_forbidden(completion, task):
    check(NoForbiddenText(tuple(task.forbidden.items())), completion, task)


@pytest.mark.behavior(needs="words")
def test_words(completion, task):
    check(WordWindow(*task.words), completion, task)
