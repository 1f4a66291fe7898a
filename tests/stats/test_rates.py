"""The interval of a rate: over new wordings where cases share them, else over new cases."""

import numpy as np
import pytest

from harness.stats.bounded import bounded_mean
from harness.stats.intervals import clopper_pearson
from harness.stats.rates import rate_interval, shared_wordings
from harness.stats.repeats import Repeated, pass_at_k, pass_hat_k


def test_cases_without_shared_wordings_have_the_exact_interval() -> None:
    assert rate_interval([1.0, 1.0, 0.0], ["", "", ""]) == clopper_pearson(2, 3)
    assert rate_interval([1.0, 1.0, 0.0], ["a", "b", ""]) == clopper_pearson(2, 3)


def test_a_wording_is_one_value_as_heavy_as_its_cases() -> None:
    values, templates = [1.0, 0.0, 1.0, 1.0], ["a", "a", "b", ""]
    expected = bounded_mean([0.5, 1.0, 1.0], (0, 1), (0.025, 0.025), [2, 1, 1])
    assert rate_interval(values, templates) == pytest.approx(expected)
    assert shared_wordings(templates) == 3
    assert shared_wordings(["a", "b", "", ""]) is None


def test_more_cases_of_the_same_wordings_do_not_narrow_it() -> None:
    values, templates = [1.0] * 14 + [0.0] * 2, [str(i) for i in range(16)]
    few, many = (rate_interval(values * n, templates * n) for n in (2, 50))
    assert few == pytest.approx(many)


def test_one_wording_bounds_nothing() -> None:
    low, high = rate_interval([1.0] * 300, ["a"] * 300)
    assert low == pytest.approx(0.025)
    assert high == 1


def test_the_order_of_cases_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    values, templates = rng.integers(0, 2, 90).astype(float), rng.integers(0, 20, 90).astype(str)
    order = rng.permutation(90)
    assert rate_interval(values.tolist(), templates.tolist()) == rate_interval(
        values[order].tolist(), templates[order].tolist()
    )


@pytest.mark.parametrize(
    "values", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.5, 0.5, 1.0], [1.0, 0.0, 0.25]]
)
@pytest.mark.parametrize("templates", [["a", "a", "b"], ["a", "a", "a"], ["", "", ""]])
def test_it_holds_the_rate(values: list[float], templates: list[str]) -> None:
    low, high = rate_interval(values, templates)
    assert 0 <= low <= sum(values) / 3 <= high <= 1


@pytest.mark.parametrize("sizes", ["equal", "zipf", "giant"])
def test_it_holds_the_rate_of_new_wordings(sizes: str) -> None:
    """300 simulated runs at correlation 0.2: a share below 91% has a chance of less than 1 in
    1,000 where 95% hold. The exact interval of independent cases holds it in 40 to 75%."""
    wordings, rate = 16, 0.9
    counts = {
        "equal": [18] * wordings,
        "zipf": [max(1, round(90 / rank)) for rank in range(1, wordings + 1)],
        "giant": [150] + [10] * (wordings - 1),
    }[sizes]
    templates = np.repeat([str(i) for i in range(wordings)], counts).tolist()
    rng, held, exact = np.random.default_rng(8), 0, 0
    for _ in range(300):
        chances = np.repeat(rng.beta(4 * rate, 4 * (1 - rate), wordings), counts)
        values = (rng.random(len(chances)) < chances).astype(float).tolist()
        low, high = rate_interval(values, templates)
        plain = clopper_pearson(int(sum(values)), len(values))
        held += low <= rate <= high
        exact += plain.low <= rate <= plain.high
    assert held / 300 >= 0.91
    assert exact / 300 < 0.75


def test_answers_to_cases_of_one_wording_are_one_cluster() -> None:
    alone = [Repeated(4 - i % 2, 4) for i in range(40)]
    shared = [Repeated(4 - i % 2, 4, f"wording {i // 10}") for i in range(40)]
    for estimate in (pass_at_k, pass_hat_k):
        wide, narrow = estimate(shared, 2), estimate(alone, 2)
        assert wide.rate == narrow.rate
        assert wide.wordings == 4
        assert narrow.wordings is None
        assert wide.interval.high - wide.interval.low > narrow.interval.high - narrow.interval.low
