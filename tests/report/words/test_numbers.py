"""Numbers in words."""

from dataclasses import replace

import pytest

from harness.core.record import BehaviorResult
from harness.report.words import numbers as words


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0, "0.0%"),
        (1.0, "100.0%"),
        (0.9999, "99.9%"),
        (0.0001, "0.1%"),
        (0.8849, "88.5%"),
    ],
)
def test_only_nothing_is_0_and_only_everything_is_100_percent(rate: float, text: str) -> None:
    assert words.percent(rate) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.05, "0.05"), (0.3664, "0.366"), (2.4, "2.4"), (612.4, "612"), (1500, "1,500")],
)
def test_three_digits(value: float, text: str) -> None:
    assert words.significant(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.25 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (3_725, "1 h 2 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_a_budget_says_which_way_it_holds() -> None:
    rate = BehaviorResult("m", "t", "b", budget=0.95)
    assert words.budget(rate) == "at least 95%"
    slow = BehaviorResult("m", "t", "b", budget=2.0, measured={"p50_seconds": 1, "p95_seconds": 3})
    assert words.budget(slow) == "at most 2 s"
    assert words.headline(slow) == ("p95_seconds", 3)
    mean = replace(slow, measured={"mean_seconds": 2, **slow.measured}, limited="mean_seconds")
    assert words.headline(mean) == ("mean_seconds", 2)
    big = BehaviorResult("m", "t", "b", budget=1500.0, measured={"peak_memory_mb": 1})
    assert words.budget(big) == "at most 1,500 MB"
    assert words.budget(BehaviorResult("m", "t", "b")) == ""
    shares = {"after_repair_rate": 0.88, "raw_rate": 0.41}
    mended = BehaviorResult("m", "t", "b", budget=0.95, measured=shares)
    assert words.budget(mended) == "at least 95%"
    assert words.quantity(*words.headline(mended)) == "88.0%"
    assert words.label("raw_rate") == "raw"


def test_counts_have_their_noun() -> None:
    assert [words.plural(n, "case") for n in (0, 1, 1204)] == ["0 cases", "1 case", "1,204 cases"]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (3.26, 1, "+3.3"),
        (-3.26, 1, "\N{MINUS SIGN}3.3"),
        (0.0, 1, "+0.0"),
        (-0.0, 1, "+0.0"),
        (-0.04, 1, "+0.0"),
        (-1204, 0, "\N{MINUS SIGN}1,204"),
        (2, 0, "+2"),
    ],
)
def test_a_change_has_its_sign(value: float, decimals: int, text: str) -> None:
    assert words.signed(value, decimals, words.MINUS) == text
    assert words.signed(value, decimals) == text.replace(words.MINUS, "-")


def test_a_sentence_is_a_clause_with_a_capital_and_a_full_stop() -> None:
    assert words.sentence("all 2 budgets are met") == "All 2 budgets are met."
    assert words.sentence("3 cases broke") == "3 cases broke."


def test_a_budget_s_words_are_the_format_s() -> None:
    rate = BehaviorResult("m", "t", "b", budget=0.95)
    assert words.budget(rate, least=">=", most="<=") == ">= 95%"
    slow = BehaviorResult("m", "t", "b", budget=2.0, measured={"p95_seconds": 3})
    assert words.budget(slow, least=">=", most="<=") == "<= 2 s"
