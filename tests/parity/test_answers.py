"""Answers of two made-up models: identical answers, flips, divergences."""

from harness.parity.answers import compare_answers, tokens_of
from harness.parity.values import TokenText
from tests.parity.records import AFTER, BEFORE, run, sample


def compared(*samples):
    return compare_answers(run(*samples), BEFORE, AFTER, "echo")


def test_the_same_text_and_ending_are_identical():
    found = compared(
        sample(BEFORE, "a", "x", (1, 2)),
        sample(AFTER, "a", "x", (1, 3)),
        sample(BEFORE, "b", "y", (1,)),
        sample(AFTER, "b", "y", (1,), reason="length"),
    )
    assert (found.cases, found.identical, found.differing) == (2, 1, 1)


def test_answers_part_at_their_first_other_token_and_flips_come_first():
    found = compared(
        sample(BEFORE, "a", "xyz", (1, 2, 3)),
        sample(AFTER, "a", "xyw", (1, 2, 4)),
        sample(BEFORE, "b", "xy", (1, 2)),
        sample(AFTER, "b", "x", (1,), passed=False, reason="length"),
    )
    first, second = found.divergences
    assert (first.case_id, first.position, first.before, first.after) == (
        "b", 1, TokenText(2, None), None,
    )  # fmt: skip
    assert first.regressed == ("json_validity",)
    assert (second.case_id, second.position, second.after) == ("a", 2, TokenText(4, None))
    composite, behavior = found.flips
    assert (composite.behavior, composite.regressed, composite.fixed) == (
        "format_success_rate", 1, 0,
    )  # fmt: skip
    assert (composite.rate_before, composite.rate_after) == (1.0, 0.5)
    assert behavior.behavior == "json_validity"
    assert found.success == composite


def test_a_case_that_one_failed_to_answer_is_left_out():
    found = compared(
        sample(BEFORE, "a", "x", (1,)), sample(AFTER, "a", "", (), error="out of memory")
    )
    assert (found.cases, found.identical, found.divergences) == (0, 0, ())


def test_texts_that_differ_under_the_same_tokens_have_no_place():
    (found,) = compared(sample(BEFORE, "a", "x", (1,)), sample(AFTER, "a", "y", (1,))).divergences
    assert (found.position, found.before, found.after) == (1, None, None)


def test_tokens_are_counted_by_model():
    assert (
        tokens_of(run(sample(BEFORE, "a", "x", (1, 2)), sample(AFTER, "a", "x", (1,))), BEFORE) == 2
    )
