"""Reasons why two runs cannot be compared, their messages, and which of them may be allowed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.core.grammar import Grammar
from harness.core.record import RunRecord, Sample, TaskRecord
from tests.gating import gate, pair
from tests.synthetic import TASK


def with_task(run: RunRecord, **changes: object) -> RunRecord:
    task: TaskRecord = replace(run.tasks[0], **changes)
    return replace(run, tasks=(task,))


def with_samples(run: RunRecord, change: Callable[[Sample], Sample]) -> RunRecord:
    return replace(run, samples=tuple(change(s) for s in run.samples))


def warmer(run: RunRecord) -> RunRecord:
    return with_task(run, sampling=replace(run.tasks[0].sampling, temperature=0.7))


def asked_otherwise(run: RunRecord) -> RunRecord:
    return with_samples(run, lambda s: replace(s, prompt_sha256="0" * 64))


def fewer(run: RunRecord) -> RunRecord:
    return replace(run, samples=run.samples[2:])


def less_required(run: RunRecord) -> RunRecord:
    return with_task(run, required=("json_validity",))


def with_another_task(run: RunRecord) -> RunRecord:
    described = replace(run.tasks[0], name="other")
    samples = (*run.samples, replace(run.samples[0], task="other"))
    return replace(run, tasks=(*run.tasks, described), samples=samples)


def constrained(run: RunRecord) -> RunRecord:
    return with_task(run, grammar=Grammar("{}", "llguidance 1.9.1"))


UNLIKE = [
    ("decoding", constrained, "decoding was free, is constrained to grammar "),
    ("decoding", warmer, "temperature was 0, is 0.7"),
    ("schema", lambda run: with_task(run, schema_sha256="0"), "the JSON Schema is another one"),
    (
        "compare",
        lambda run: with_task(run, compare={"/amount": {"tolerance": "0.01"}}),
        "output.compare is another one at '/amount'",
    ),
    (
        "items",
        lambda run: with_task(run, items={"/lines": 3}),
        "output.items is another one at '/lines'",
    ),
    ("prompts", asked_otherwise, "300 of 300 prompts differ: pay-0001, pay-0002"),
    ("cases", fewer, "2 of the answers are only before: pay-0001, pay-0002"),
    ("cases", lambda run: with_task(run, cases_sha256="0"), "cases.jsonl is another file"),
    ("required", less_required, "only before: bracket_repetition, no_extra_text, schema_types"),
    ("tasks", with_another_task, "only the run after has this task"),
]


@pytest.mark.parametrize(("kind", "change", "what"), UNLIKE)
def test_unlike_runs_are_refused_until_that_is_allowed(
    kind: str, change: Callable[[RunRecord], RunRecord], what: str
) -> None:
    before, after = pair(300)
    refused = gate(before, change(after))
    assert refused.exit_code == 11
    (found,) = refused.refused
    assert found.kind == kind
    assert what in found.what
    others = [k for k, _, _ in UNLIKE if k != kind]
    assert gate(before, change(after), allow=others).exit_code == 11
    allowed = gate(before, change(after), allow=[kind])
    assert allowed.exit_code == 0
    assert allowed.allowed == (found,)


def test_everything_that_differs_is_listed() -> None:
    before, after = pair(300)
    after = asked_otherwise(fewer(warmer(with_task(after, schema_sha256="0"))))
    found = [u.kind for u in gate(before, after).refused]
    assert found == ["cases", "prompts", "schema", "decoding"]


def test_allowed_cases_are_compared_where_both_sides_have_them() -> None:
    before, after = pair(300)
    decision = gate(before, fewer(after), allow=["cases"])
    assert decision.tasks[0].composite.pairs == 298
    assert decision.tasks[0].task == TASK


def test_the_same_selection_of_cases_may_be_compared() -> None:
    """``--limit`` leaves out the same cases on both sides."""
    runs = [with_task(run, selected=True) for run in pair(300)]
    assert gate(*runs).exit_code == 0
