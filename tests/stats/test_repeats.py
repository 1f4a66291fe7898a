"""pass@k and pass^k: by enumeration, unbiased, and "not measured"."""

import random
from itertools import combinations
from statistics import mean

import numpy as np
import pytest

from harness.stats.intervals import clopper_pearson
from harness.stats.repeats import Repeated, pass_at_k, pass_hat_k


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_both_are_the_mean_over_every_choice_of_k_answers(k: int) -> None:
    cases = [Repeated(c, 5) for c in (0, 1, 3, 5)]
    answers = [[True] * c.passed + [False] * (5 - c.passed) for c in cases]
    chosen = [list(combinations(a, k)) for a in answers]
    assert pass_at_k(cases, k).rate == pytest.approx(mean(mean(map(any, c)) for c in chosen))
    assert pass_hat_k(cases, k).rate == pytest.approx(mean(mean(map(all, c)) for c in chosen))


def test_they_are_unbiased() -> None:
    """A case that passes with probability 0.6 passes all of three with 0.216."""
    rng = random.Random(1)
    cases = [Repeated(sum(rng.random() < 0.6 for _ in range(5)), 5) for _ in range(5_000)]
    found = pass_hat_k(cases, 3)
    assert found.rate == pytest.approx(0.216, abs=0.01)
    assert found.interval.low < 0.216 < found.interval.high
    assert pass_at_k(cases, 3).rate == pytest.approx(1 - 0.4**3, abs=0.01)


def test_more_answers_to_the_same_cases_do_not_narrow_the_interval() -> None:
    few = [Repeated(2 * (i % 2), 2) for i in range(40)]
    many = [Repeated(50 * (i % 2), 50) for i in range(40)]
    assert pass_hat_k(few, 1) == pass_hat_k(many, 1)
    assert pass_hat_k(few, 1).interval == clopper_pearson(20, 40)


def test_k_above_the_repeats_is_not_measured() -> None:
    assert pass_at_k([Repeated(1, 3), Repeated(1, 2)], 3) is None
    assert pass_hat_k([], 1) is None
    with pytest.raises(ValueError, match="at least 1"):
        pass_at_k([Repeated(1, 3)], 0)
    with pytest.raises(ValueError, match="cannot pass"):
        Repeated(4, 3)


def test_all_alike_still_leaves_doubt() -> None:
    found = pass_hat_k([Repeated(4, 4)] * 30, 4)
    assert found.rate == 1
    assert found.interval == clopper_pearson(30, 30)
    half = pass_hat_k([Repeated(2, 4)] * 30, 1)
    assert half.rate == 0.5
    assert half.interval.low < 0.5 < half.interval.high


@pytest.mark.parametrize(("cases", "alpha", "beta"), [(30, 1.9, 0.1), (30, 3, 2), (10, 19, 1)])
def test_the_interval_holds_the_truth_from_few_cases_on(cases, alpha, beta, monkeypatch) -> None:
    """600 simulated runs of 4 answers to each case, whose chances to pass are drawn from a beta
    distribution: a share below 92% has a chance of less than 1 in 1,000 where 95% hold."""
    monkeypatch.setattr("harness.stats.rates.DRAWS", 1000)
    rng = np.random.default_rng(cases)
    held = 0
    for _ in range(600):
        passed = rng.binomial(4, rng.beta(alpha, beta, cases))
        found = pass_at_k([Repeated(int(k), 4) for k in passed], 1)
        held += found.interval.low <= alpha / (alpha + beta) <= found.interval.high
    assert held / 600 >= 0.92
