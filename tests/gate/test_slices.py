"""Slices of a change by tag and template."""

from dataclasses import replace

import pytest

from harness.core.record import RunRecord
from harness.gate.compare import Side, compare
from harness.gate.slices import SMALL_SLICE, slices_of
from harness.report.words.slices import slice_table, suggestions
from tests.gating import pair
from tests.synthetic import ADAPTER, TASK


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
    found = slices_of(comparison)
    first = found[0]
    assert (first.kind, first.name) == ("tag", "large")
    assert (first.test.pairs, first.test.broke) == (60, 20)
    assert first.test.adjusted_p >= first.test.p_value
    assert [s.name for s in found if s.kind == "tag"] == ["large", "rare", "small"]


def test_cases_of_one_template_are_one_observation_in_its_slice_too(comparison: object) -> None:
    """Five cases of t0, of which one broke: one sum of one, whose sign is as likely to be minus."""
    template = next(s for s in slices_of(comparison) if s.name == "t0")
    assert (template.test.pairs, template.test.broke) == (5, 1)
    assert template.test.p_value == 0.25


def test_small_slices_come_last_and_are_not_suggested(comparison: object) -> None:
    rows = slice_table(comparison, 0.95).rows
    assert rows[0].name == "large"
    small = [row.is_small for row in rows]
    assert small == sorted(small)
    assert SMALL_SLICE > 5
    assert suggestions(comparison, 0.95) == "tag large (100.0% to 66.7% of 60 cases)"


def test_without_tags_there_are_no_slices() -> None:
    before, after = (
        replace(r, samples=tuple(replace(s, tags=(), template="") for s in r.samples))
        for r in pair(40, broke=2)
    )
    assert slices_of(compare(Side(before, ADAPTER), Side(after, ADAPTER), TASK)) == ()
