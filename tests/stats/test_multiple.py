"""Families of tests against statsmodels."""

import random

import pytest
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from harness.stats.multiple import benjamini_hochberg, holm


@pytest.mark.parametrize(("ours", "theirs"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_p_values_agree_with_statsmodels(
    ours: object, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(ours)
    # statsmodels collects garbage in every call: a tenth of a second each in a large process.
    monkeypatch.setattr("gc.collect", lambda: 0)
    rng = random.Random(2)
    for _ in range(300):
        family = [rng.random() ** rng.choice((1, 4)) for _ in range(rng.randint(1, 25))]
        assert ours(family) == pytest.approx(multipletests(family, method=theirs)[1])


def test_holm_by_hand() -> None:
    """Sorted .01 .02 .04 times 3 2 1 is .03 .04 .04."""
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


def test_no_family() -> None:
    assert holm([]) == []
    assert benjamini_hochberg([]) == []


def test_the_share_of_false_claims_is_bounded_as_by_scipy() -> None:
    rng = random.Random(3)
    for _ in range(300):
        family = [rng.choice((rng.random(), 0.0, 0.5, 1.0)) for _ in range(rng.randint(1, 40))]
        oracle = false_discovery_control(family, method="bh")
        assert benjamini_hochberg(family) == pytest.approx(oracle, abs=1e-12)
    assert benjamini_hochberg([]) == []
