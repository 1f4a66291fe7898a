"""Logits of made-up models: agreement, margins, shifts, by hand."""

import numpy
import pytest

from harness.parity.logits import LogitRows, compare_first_steps, margin, preference
from harness.parity.values import TokenText


def rows(folder, name, **values):
    path = folder / f"{name}.npy"
    numpy.save(path, numpy.array(list(values.values()), dtype=numpy.float32))
    return LogitRows(path, tuple(values))


NAMED = {"a": ("t", "case-a"), "b": ("t", "case-b")}


def test_first_steps_are_compared_prompt_by_prompt(tmp_path):
    before = rows(tmp_path, "before", a=[3.0, 1.0, 0.0], b=[0.0, 2.0, 1.5])
    after = rows(tmp_path, "after", a=[2.5, 1.0, 0.0], b=[0.0, 1.5, 2.0])
    found = compare_first_steps(before, after, NAMED)
    assert (found.prompts, found.agreeing, found.agreement) == (2, 1, 0.5)
    assert found.max_difference == 0.5
    # (0.5 + 0 + 0) / 3 and (0 + 0.5 + 0.5) / 3, of which the mean.
    assert found.mean_difference == pytest.approx(0.25)
    (mismatch,) = found.mismatches
    assert (mismatch.case_id, mismatch.before, mismatch.after) == (
        "case-b", TokenText(1, None), TokenText(2, None),
    )  # fmt: skip
    assert (mismatch.margin_before, mismatch.margin_after) == (0.5, 0.5)


def test_padded_logits_are_left_out_and_prompts_of_one_side_too(tmp_path):
    before = rows(tmp_path, "before", a=[3.0, 1.0], b=[1.0, 2.0])
    after = rows(tmp_path, "after", b=[1.0, 2.0, 99.0])
    found = compare_first_steps(before, after, NAMED)
    assert (found.prompts, found.agreeing, found.max_difference) == (1, 1, 0.0)


def test_without_a_prompt_there_is_nothing(tmp_path):
    assert compare_first_steps(LogitRows(tmp_path, ()), LogitRows(tmp_path, ()), NAMED) is None


def test_a_damaged_models_logits_are_still_numbers(tmp_path):
    before = rows(tmp_path, "before", a=[1.0, 0.0])
    after = rows(tmp_path, "after", a=[float("nan"), float("inf")])
    found = compare_first_steps(before, after, NAMED)
    assert found.max_difference == 1e30
    assert found.mean_difference == 1e30


def test_a_margin_is_over_the_best_of_the_others():
    row = numpy.array([1.0, 4.0, 3.5], dtype=numpy.float32)
    assert margin(row, 1) == 0.5
    assert margin(row, 2) == -0.5
    assert preference(row, 1, 0) == 3.0


def test_a_row_that_was_not_asked_is_no_row(tmp_path):
    with pytest.raises(ValueError, match="not in tuple"):
        rows(tmp_path, "x", a=[1.0]).row("b")


def test_the_likeliest_tokens(tmp_path):
    assert rows(tmp_path, "x", a=[1.0, 2.0], b=[3.0, 2.0]).top_tokens() == [1, 0]
    assert LogitRows(tmp_path, ()).top_tokens() == []
