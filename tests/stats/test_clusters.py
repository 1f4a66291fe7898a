"""Clustered cases: the sign-flip test against scipy's, intervals, and the design effect."""

import random

import numpy as np
import pytest
from scipy.stats import permutation_test

from harness.stats.clusters import (
    FEW_CLUSTERS,
    cluster_interval,
    design_effect,
    has_clusters,
    sign_flip_p,
)
from harness.stats.paired import drop_interval, mcnemar_mid_p
from tests.stats.tables import tables


def drawn(rng: random.Random, clusters: int, size: int) -> tuple[list[int], list[int]]:
    cases = [(rng.choice((-1, 0, 0, 0, 1, 1)), c) for c in range(clusters) for _ in range(size)]
    return [d for d, _ in cases], [c for _, c in cases]


def test_the_sign_flip_test_agrees_with_scipy_where_scipy_is_exact() -> None:
    """mid-p = (P(sum >= seen) + 1 - P(sum <= seen)) / 2, over all signs of at most 10 sums."""
    rng = random.Random(4)
    for _ in range(60):
        differences, clusters = drawn(rng, rng.randint(2, 10), rng.randint(1, 5))
        sums = np.array(
            [sum(d for d, c in zip(differences, clusters, strict=True) if c == k)
             for k in set(clusters)]
        )  # fmt: skip
        greater, less = (
            permutation_test(
                (sums,), np.sum, permutation_type="samples", alternative=side, vectorized=True
            ).pvalue
            for side in ("greater", "less")
        )
        assert sign_flip_p(differences, clusters) == pytest.approx((greater + 1 - less) / 2)


def test_with_one_case_in_each_cluster_it_is_mcnemars() -> None:
    for broke, fixed, _ in tables(60):
        differences = [1] * broke + [-1] * fixed + [0] * 10
        found = sign_flip_p(differences, range(len(differences)))
        assert found == pytest.approx(mcnemar_mid_p(broke, fixed), abs=1e-9)


def test_a_template_that_breaks_as_one_is_one_observation() -> None:
    """Ten cases broke, all of one template: one of its two signs is as large, and half of 1/2."""
    assert sign_flip_p([1] * 10 + [0] * 90, [i // 10 for i in range(100)]) == pytest.approx(0.25)
    assert mcnemar_mid_p(10, 0) < 0.001


def test_nothing_flipped_is_even_odds() -> None:
    assert sign_flip_p([0] * 10, range(10)) == 0.5
    assert sign_flip_p([1, -1, 0], ["a", "a", "b"]) == 0.5


def test_singletons_have_the_interval_of_independent_cases() -> None:
    differences = [1] * 24 + [-1] * 6 + [0] * 370
    assert cluster_interval(differences, range(400)) == pytest.approx(
        drop_interval(24, 6, 400), abs=3e-3
    )


@pytest.mark.parametrize("clusters", [FEW_CLUSTERS - 10, FEW_CLUSTERS + 30])
def test_clustered_flips_widen_the_interval(clusters: int) -> None:
    """Half as many templates break whole as would break case by case."""
    broken = [1 if c % 4 == 0 else 0 for c in range(clusters) for _ in range(10)]
    names = [c for c in range(clusters) for _ in range(10)]
    low, high = cluster_interval(broken, names)
    alone = drop_interval(sum(broken), 0, len(broken))
    assert low < alone.low < alone.high < high
    assert low < sum(broken) / len(broken) < high
    assert design_effect(broken, names) == pytest.approx(10, rel=0.1)


def test_answers_to_one_case_count_as_one() -> None:
    """Four answers that agree, in quarters of a case, say what one answer says."""
    once = [1] * 9 + [-1] * 3 + [0] * 48
    fourfold = [4 * d for d in once]
    names = list(range(60))
    assert sign_flip_p(fourfold, names) == pytest.approx(sign_flip_p(once, names))
    assert cluster_interval(fourfold, names, scale=4) == cluster_interval(once, names)


def test_the_design_effect_is_one_without_flips_or_clusters() -> None:
    assert design_effect([0] * 20, [i // 5 for i in range(20)]) == 1
    assert design_effect([1, 0, 0, 1], range(4)) == pytest.approx(1)
    assert design_effect([1, 1], ["a", "a"]) == 1


def test_who_shares_a_cluster() -> None:
    assert has_clusters(["a", "b", "a"])
    assert not has_clusters(["a", "b"])


def test_no_case_is_no_interval() -> None:
    assert cluster_interval([], []) is None
