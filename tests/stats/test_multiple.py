"""Families of tests against statsmodels."""

import random

import pytest
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from harness.stats.multiple import benjamini_hochberg, holm_levels


def test_levels_reject_what_statsmodels_holm_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    # statsmodels collects garbage in every call: a tenth of a second each in a large process.
    monkeypatch.setattr("gc.collect", lambda: 0)
    rng = random.Random(2)
    for _ in range(300):
        family = [rng.random() ** rng.choice((1, 4)) for _ in range(rng.randint(1, 25))]
        levels = holm_levels(family, 0.05)
        oracle = multipletests(family, alpha=0.05, method="holm")[0]
        assert [p <= level for p, level in zip(family, levels, strict=True)] == list(oracle)


def test_adjusted_p_values_agree_with_statsmodels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gc.collect", lambda: 0)
    rng = random.Random(2)
    for _ in range(300):
        family = [rng.random() ** rng.choice((1, 4)) for _ in range(rng.randint(1, 25))]
        oracle = multipletests(family, method="fdr_bh")[1]
        assert benjamini_hochberg(family) == pytest.approx(oracle)


def test_levels_by_hand() -> None:
    """.01 is judged at .05/3 and rejected, .04 at .05/2 and kept, and so is .041 at that level."""
    assert holm_levels([0.041, 0.01, 0.04], 0.05) == pytest.approx([0.025, 0.05 / 3, 0.025])


def test_tests_that_cannot_reject_do_not_count() -> None:
    """Twelve behaviors of which two flipped are judged as two."""
    family = [0.004, 0.02] + [0.5] * 10
    assert holm_levels(family, 0.01)[0] == pytest.approx(0.01 / 12)
    least = [1e-4, 1e-3] + [0.5] * 10
    assert holm_levels(family, 0.01, least)[0] == pytest.approx(0.005)
    assert holm_levels([0.5] * 4, 0.01, [0.5] * 4) == [0.01] * 4


def test_no_family() -> None:
    assert holm_levels([], 0.05) == []
    assert benjamini_hochberg([]) == []


def test_the_share_of_false_claims_is_bounded_as_by_scipy() -> None:
    rng = random.Random(3)
    for _ in range(300):
        family = [rng.choice((rng.random(), 0.0, 0.5, 1.0)) for _ in range(rng.randint(1, 40))]
        oracle = false_discovery_control(family, method="bh")
        assert benjamini_hochberg(family) == pytest.approx(oracle, abs=1e-12)
    assert benjamini_hochberg([]) == []
