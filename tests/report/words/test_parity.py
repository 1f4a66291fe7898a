"""Sentences about the answers of two models that are copies of each other."""

from harness.parity.values import AnswerParity, Divergence, TokenText
from harness.report.words.parity import BELOW_ZERO, ties


def answers(*margins):
    """Answers that differ once for each pair of margins."""
    token = TokenText(5, "a")
    found = tuple(
        Divergence("case", 0, 3, token, token, before, after, 0.1) for before, after in margins
    )
    return AnswerParity("task", 10, 10 - len(found), (), found)


def test_near_ties_are_counted():
    text = ties(answers((0.05, 0.02), (2.0, 1.0), (None, None)))
    assert text.endswith("less than 0.1 logits: 1 of 2")


def test_a_margin_below_zero_is_explained():
    text = ties(answers((0.05, -0.02), (-0.1, 1.0)))
    assert text.endswith(f"; 2 margins below 0: {BELOW_ZERO}")
