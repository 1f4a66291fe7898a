"""Slices of a change by tag and template."""

from dataclasses import replace

import pytest

from harness.core.record import RunRecord
from harness.gate.compare import Side, compare
from harness.gate.policy import GatePolicy
from harness.gate.slices import SMALL_SLICE, slices_of
from harness.report.words.slices import slice_table, suggestions
from tests.gating import pair
from tests.synthetic import ADAPTER, TASK

TAILS = GatePolicy().tails


def tagged(run: RunRecord, templates: int = 40) -> RunRecord:
    """The first 60 cases are "large", four "rare", all "any"; the templates
    take turns."""
    samples = tuple(
        replace(
            s,
            tags=("any", "large" if i < 60 else "small", *(("rare",) if i < 4 else ())),
            template=f"t{i % templates}",
        )
        for i, s in enumerate(run.samples)
    )
    return replace(run, samples=samples)


@pytest.fixture(scope="module")
def comparison() -> object:
    before, after = (tagged(run) for run in pair(200, broke=20))
    return compare(Side(before, ADAPTER), Side(after, ADAPTER), TASK)


def test_the_slice_that_fell_comes_first_and_is_no_decision(comparison: object) -> None:
    found = slices_of(comparison, TAILS)
    first = found[0]
    assert (first.kind, first.name) == ("tag", "large")
    assert (first.test.pairs, first.test.broke) == (60, 20)
    assert first.adjusted_p >= first.test.p_value
    assert [s.name for s in found if s.kind == "tag"] == ["large", "rare", "small"]


def test_a_template_that_broke_whole_is_suggested() -> None:
    """Within one wording each case counts for itself."""
    before, after = (tagged(run, templates=10) for run in pair(200, broke=20))
    samples = tuple(
        replace(s, template="t0" if i < 20 else f"t{1 + i % 9}")
        for i, s in enumerate(after.samples)
    )
    runs = (replace(run, samples=own) for run, own in ((before, tuple(
        replace(s, template=t.template) for s, t in zip(before.samples, samples, strict=True)
    )), (after, samples)))  # fmt: skip
    found = compare(*(Side(run, ADAPTER) for run in runs), TASK)
    template = next(s for s in slices_of(found, TAILS) if s.name == "t0")
    assert (template.test.pairs, template.test.broke) == (20, 20)
    assert template.adjusted_p < 0.001
    assert suggestions(found, TAILS).startswith("template t0 (100.0% to 0.0% of 20 cases)")


def test_small_slices_come_last_and_are_not_suggested(comparison: object) -> None:
    rows = slice_table(comparison, TAILS).rows
    assert rows[0].name == "large"
    small = [row.is_small for row in rows]
    assert small == sorted(small)
    assert SMALL_SLICE > 5
    assert suggestions(comparison, TAILS) == "tag large (100.0% to 66.7% of 60 cases)"


def test_without_tags_there_are_no_slices() -> None:
    before, after = (
        replace(r, samples=tuple(replace(s, tags=(), template="") for s in r.samples))
        for r in pair(40, broke=2)
    )
    assert slices_of(compare(Side(before, ADAPTER), Side(after, ADAPTER), TASK), TAILS) == ()
