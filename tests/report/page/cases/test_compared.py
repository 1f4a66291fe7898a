"""The page, which compares exactly, has no reference where a rule decides what is equal."""

from dataclasses import replace

import pytest

from harness.gate.policy import GatePolicy
from harness.report.page.cases.answers import cases_of
from harness.report.report import report_on
from tests.synthetic import ADAPTER, BASE, TASK, record

RULE = {"/amount": {"tolerance": "0.01"}}


def references(run):
    report = report_on(run, before=ADAPTER, after=BASE, policy=GatePolicy())
    return {case.case_id: bool(case.reference) for case in cases_of(report, TASK, 1_000)}


def test_a_task_with_rules_has_no_reference_to_compare_with_exactly():
    run = record(4)
    assert all(references(run).values())
    ruled = replace(run, tasks=tuple(replace(task, compare=RULE) for task in run.tasks))
    assert not any(references(ruled).values())


@pytest.mark.parametrize(
    "own", [{"declared": '{"compare": {"/a": {"tolerance": "1"}}}'}, {"alternatives": ({"a": 1},)}]
)
def test_nor_has_a_case_with_rules_or_several_references_of_its_own(own):
    run = record(4)
    first = run.samples[0].case_id
    changed = (replace(s, **own) if s.case_id == first else s for s in run.samples)
    found = references(replace(run, samples=tuple(changed)))
    assert [name for name, has_reference in found.items() if not has_reference] == [first]
