"""Marks: every character once, in order, and never outside the text."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.gate.causes import explaining_behaviors, first_failure
from harness.gate.compare import CaseChange, Change
from harness.report.words.marks import Mark, marks_of, segments
from tests.synthetic import BASE, good, sample, values

spans = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)


@given(st.text(max_size=12), st.lists(spans, max_size=5))
def test_segments_join_to_the_text(text: str, found: list[list[int]]) -> None:
    marks = [
        Mark(min(a, len(text)), min(b, len(text)), f"b{i}", "c") for i, (a, b) in enumerate(found)
    ]
    parts = segments(text, marks)
    assert "".join(p.text for p in parts) == text
    at = 0
    for part in parts:
        end = at + len(part.text)
        for mark in marks:
            covers = mark.start <= at and end <= mark.end and mark.start < mark.end
            here = part.text == "" and mark.start == mark.end == at
            assert (mark in part.marks) == (here if part.text == "" else covers)
        at = end


@given(st.lists(spans, min_size=1, max_size=5))
def test_every_mark_is_somewhere(found: list[list[int]]) -> None:
    marks = [Mark(a, b, f"b{i}", "c") for i, (a, b) in enumerate(found)]
    shown = {mark for part in segments("x" * 12, marks) for mark in part.marks}
    assert shown == set(marks)


def test_only_failures_with_a_place_are_marked() -> None:
    verdicts = {
        "a": Verdict.failed(FailureCode.SYNTAX, "", (1, 2)),
        "b": Verdict.failed(FailureCode.EMPTY, ""),
        "c": Verdict.passed(),
        "d": Verdict.failed(FailureCode.NAN, "", (3, 900)),
    }
    assert marks_of(verdicts, 10) == (Mark(1, 2, "a", "syntax"), Mark(3, 10, "d", "nan"))


def test_a_case_is_told_by_what_broke_it() -> None:
    """One behavior failed all along and is not required; a required one broke."""
    failed, passed = Verdict.failed(FailureCode.WRONG_VALUE, ""), Verdict.passed()
    before = {"exact": failed, "types": passed, "keys": failed}
    after = {"exact": failed, "types": failed, "keys": failed}
    [value] = values(1)
    old, new = (
        replace(sample(BASE, 1, value, good(value)), verdicts=found) for found in (before, after)
    )
    changes = {
        "exact": Change.STILL_FAILING, "types": Change.REGRESSED, "keys": Change.STILL_FAILING,
    }  # fmt: skip
    case = CaseChange(old, new, Change.REGRESSED, changes, (Outcome.PASSED, Outcome.FAILED))
    assert first_failure(new) == ("exact", failed)
    first = explaining_behaviors(case, ("keys", "types"))
    assert first_failure(new, first) == ("types", failed)
    assert first_failure(old, first) == ("keys", failed)
