"""The checks and the corruptions that a task is graded with: wrong ones are found out."""

import json

import pytest

import harness.tasks.check.grading
from harness.checks.grounding import Grounding
from harness.checks.python_parses import PythonParses
from harness.checks.words import WordWindow
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict
from harness.tasks.check.corruptions import corruptions_of, defects_of
from harness.tasks.check.corruptions.pattern_sample import sample_of
from harness.tasks.judging import checks_of
from harness.tasks.task import load_task
from tests.grading import Grader, case, said
from tests.models import ROOT


@pytest.fixture
def grade(tmp_path) -> Grader:
    return Grader(tmp_path)


# Broken checks


class Passes:
    def judge(self, case, completion):
        return Verdict.passed()


class Fails:
    def judge(self, case, completion):
        if completion.text.startswith("```"):
            return Verdict.failed(FailureCode.SYNTAX, "no fences")
        return Verdict.passed()


@pytest.mark.parametrize(
    ("check", "mistakes"),
    [
        (
            Passes(),
            {
                "/name invented|grounding passes, and this breaks it",
                "/amount invented|grounding passes, and this breaks it",
                "key dropped|grounding passes, and this breaks it",
                "nothing|grounding passes, and this breaks it",
                "last bracket cut off|grounding passes, and this breaks it",
                "trailing comma|grounding passes, and this breaks it",
            },
        ),
        (
            Grounding(("/name", "/amount", "/date", "/nothing")),
            {"|the reference fails grounding: /nothing: expected a value from the prompt"},
        ),
    ],
)
def test_a_check_that_is_wrong_about_the_task_is_found_out(grade, monkeypatch, check, mistakes):
    def table(task):
        return {**checks_of(task), "grounding": check}

    monkeypatch.setattr(harness.tasks.check.grading, "checks_of", table)
    found = {line.partition("|")[2].partition(", found")[0] for line in said(grade())}
    assert found == mistakes


def test_a_check_that_fails_too_much_is_found_out(grade, monkeypatch):
    monkeypatch.setattr(
        harness.tasks.check.grading, "checks_of", lambda task: {**checks_of(task), "types": Fails()}
    )
    wrong = {line for line in said(grade()) if line.startswith("a|fence")}
    assert wrong == {"a|fence added|types fails, and this does not break it: no fences"}


# Corruptions by themselves


def test_every_corruption_differs_from_the_answer_or_from_how_it_ended():
    for name in ("fan_timeline", "credit_dispute", "code_assistant"):
        task = load_task(ROOT / "fixtures/tasks" / name)
        first = task.cases[0]
        perfect = first.reference
        text = perfect if isinstance(perfect, str) else json.dumps(perfect, ensure_ascii=False)
        made = dict(corruptions_of(task.output, first, text))
        assert len({(c.text, c.finish_reason) for c in made.values()}) == len(made)
        assert made.keys() <= defects_of(task.output).keys()
        assert all(c.breaks for c in made.values())
        assert text not in {c.text for name, c in made.items() if name != "token limit reached"}


def test_padding_goes_one_word_beyond_the_window():
    task = load_task(ROOT / "fixtures/tasks/credit_dispute")
    first = task.cases[0]
    padded = defects_of(task.output)["padded"](first, first.reference)
    assert len(padded.text.split()) == task.output.words[1] + 1
    verdict = WordWindow(*task.output.words).judge(first, Completion(padded.text))
    assert verdict.reason == "expected 30 to 80 words, found 81"


def test_code_without_a_docstring_is_still_code():
    task = load_task(ROOT / "fixtures/tasks/code_assistant")
    first = task.cases[0]
    bare = defects_of(task.output)["docstring dropped"](first, first.reference)
    assert '"""' not in bare.text
    assert PythonParses().judge(first, Completion(bare.text)) == Verdict.passed()


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (r"\b(?:FCRA|FDCPA)\b", "FCRA"),
        (r"(?i)\bas an ai\b", "as an ai"),
        (r"\[[A-Za-z ]+\]", "[a]"),
        (r"[^a-z]{2,}x?", "AAx"),
        (r"Section \d+\s\w.", "Section 0 ax"),
        (r"(?<!x)y|z", "y"),
        (r"\p{Lu}{3}", ""),
        (r"(?P<a>q)(?P=a)", ""),
    ],
)
def test_a_sample_of_a_pattern(pattern, sample):
    assert sample_of(pattern) == sample


def test_a_pattern_beyond_sampling_is_said_to_have_no_corruption(grade):
    output = 'output: {format: text, forbidden: {law: "\\\\p{Lu}{9}"}}'
    task = f'description: x\nprompt: "{{text}}"\n{output}\n'
    found = grade(task, [case("a", reference="Anything.")])
    assert found.notes == ("no corruption breaks forbidden: whether it can fail is not shown",)
