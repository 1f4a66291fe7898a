"""``harness explain``, as a user types it."""

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.report.words.glossary import TERMS


def explain(*words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words])


def test_a_word_is_explained_with_its_page():
    result = explain("budget")
    assert result.exit_code == 0
    first, *lines = result.output.splitlines()
    assert first == "budget"
    assert lines[-1] == "  more: docs/writing-a-task.md#taskyaml"
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("words", "term"),
    [
        (("format_success_rate",), "composite"),
        (("Design", "effect"), "design effect"),
        (("must-pass",), "must_pass"),
    ],
)
def test_other_spellings_find_it(words, term):
    assert explain(*words).output.startswith(f"{term}\n")


def test_behaviors_and_failure_codes_are_words_too():
    assert "It applies to a task that declares: schema." in " ".join(
        explain("types").output.split()
    )
    assert "Text stands after the answer." in explain("text_after").output
    assert "grounding (behavior)" in explain("grounding").output


def test_without_a_word_all_are_listed():
    listed = " ".join(explain().output.split())
    assert all(term.word in listed for term in TERMS)


def test_an_unknown_word_is_a_line_with_the_nearest():
    result = explain("wordingg")
    assert result.exit_code == 2
    assert result.stderr.strip() == "harness: no word 'wordingg', did you mean 'wording'?"
