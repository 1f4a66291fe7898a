"""Bounds that hold at all looks together, and the test of the split."""

from collections import Counter

import numpy as np

from harness.stats.betting import Bets, Observation
from harness.stats.draws import split_evidence


def flips(rng, size, rate):
    """Observations of 2 and -2: those of one arm each, whose mean is 4 rate - 2."""
    return [Observation(2.0 if x else -2.0, -2.0) for x in rng.random(size) < rate]


def test_nothing_is_known_without_an_observation():
    assert Bets({}).lower_bound(0.05) == -1.0
    assert Bets({}).p_value() == 1.0
    assert Bets(Counter([Observation(0.0, -2.0)])).lower_bound(0.05) == -1.0


def test_a_loss_is_found_and_the_bound_comes_near_it():
    found = Bets(Counter(flips(np.random.default_rng(1), 20_000, 0.55)))
    assert 0.1 < found.lower_bound(0.03) < 0.2
    assert found.p_value() < 1e-6


def test_a_bound_beyond_what_the_larger_bets_may_claim_is_found_by_the_smaller():
    found = Bets(Counter(flips(np.random.default_rng(1), 4_000, 0.7)))
    assert 0.6 < found.lower_bound(0.03) < 0.8


def test_a_true_mean_is_rejected_in_its_tail_however_often_it_is_looked_at():
    """20 looks at each of 200 experiments: any of them rejects in at most a tenth."""
    rng, rejected = np.random.default_rng(3), 0
    for _ in range(200):
        up = np.cumsum(rng.random(400) < 0.5)
        looks = ({2.0: up[n - 1], -2.0: n - up[n - 1]} for n in range(20, 401, 20))
        bets = (Bets({Observation(x, -2.0): k for x, k in own.items()}) for own in looks)
        rejected += min(found.p_value() for found in bets) <= 0.1
    assert 0 < rejected / 200 <= 0.1


def test_order_does_not_matter_to_the_capital_at_the_end():
    rows = flips(np.random.default_rng(5), 500, 0.6)
    assert Bets(Counter(rows)).lower_bound(0.05) == Bets(Counter(rows[::-1])).lower_bound(0.05)


def test_a_split_that_is_kept_has_little_evidence_and_one_that_is_not_has_much():
    kept = {(0.5, True): 5_040, (0.5, False): 4_960, (0.1, True): 95, (0.1, False): 905}
    assert split_evidence(kept) < 1
    assert split_evidence({(0.5, True): 4_500, (0.5, False): 5_500}) > 1e6
    assert split_evidence({}) == 1.0


def test_the_split_is_called_wrong_in_fewer_experiments_than_its_level_says():
    """Looked at after every 100 of 2,000 keys; evidence of 20 in at most a twentieth."""
    rng, wrong = np.random.default_rng(7), 0
    for _ in range(100):
        drawn = np.cumsum(rng.random(2_000) < 0.3)
        looks = (split_evidence({(0.3, True): drawn[n - 1], (0.3, False): n - drawn[n - 1]})
                 for n in range(100, 2_001, 100))  # fmt: skip
        wrong += max(looks) >= 20
    assert wrong / 100 <= 0.05
