"""Strategies run on given choices: made again the same, drawn from seeds alone."""

import random
from datetime import date

import pytest
from hypothesis import strategies as st

from harness.tasks.generate.choosing import Job, make

STRATEGIES = {
    "text": st.text(),
    "binary": st.binary(max_size=9),
    "float": st.floats(),
    "small float": st.floats(0, 1, exclude_min=True),
    "integer": st.integers(),
    "date": st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    "decimal": st.decimals(1, 100, places=2),
    "regex": st.from_regex(r"(a|b[0-9]){2,5}", fullmatch=True),
    "built": st.builds("{} {}".format, st.sampled_from(["x", "y"]), st.integers(0, 9)),
    "lists": st.lists(st.lists(st.booleans() | st.none()), max_size=4),
    "filtered": st.integers(0, 99).filter(lambda n: n % 7),
    "recursive": st.recursive(st.none() | st.text(max_size=3), st.lists, max_leaves=5),
    "flatmapped": st.integers(1, 4).flatmap(lambda n: st.text("ab", min_size=n, max_size=n)),
}


def drawn(strategy, seeds=range(20)):
    return make(strategy, [Job(rng=random.Random(seed)) for seed in seeds])


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_choices_of_a_value_make_it_again(name):
    first = [d for d in drawn(STRATEGIES[name]) if d is not None]
    again = make(STRATEGIES[name], [Job([c.value for c in d.choices]) for d in first])
    assert len(first) > 10
    # repr, because not-a-number is not equal to itself.
    assert [repr(d and d.value) for d in again] == [repr(d.value) for d in first]


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_choices_make_the_simplest_value(name):
    (simplest,) = make(STRATEGIES[name].filter(lambda value: True), [Job()])
    if simplest is None:  # 0 is what the filter rejects
        assert name == "filtered"
    else:
        assert all(c.value == c.range.simplest for c in simplest.choices)


def test_a_seed_draws_the_same_alone_and_among_others():
    strategy = STRATEGIES["lists"]
    among = drawn(strategy)
    assert [drawn(strategy, [seed])[0] for seed in range(20)] == among


def test_what_the_strategy_rejects_is_none():
    odd = st.integers(0, 10**6).filter(lambda n: n % 2)
    made = make(odd, [Job([4, 6, 8]), Job([5]), Job([2])])
    assert [m and m.value for m in made] == [None, 5, None]
    assert make(odd.filter(lambda n: False), [Job(), Job()]) == [None, None]


def test_values_that_do_not_fit_give_way_to_the_simplest():
    strategy = st.tuples(st.integers(3, 9), st.text("ab", min_size=1))
    made = make(strategy, [Job(["x", "b"]), Job([100, "zz"]), Job([True, 7])])
    assert [m and m.value for m in made] == [(3, "b"), (3, "a"), (3, "a")]


def test_spans_hold_the_items_of_a_list():
    (made,) = make(st.lists(st.integers(0, 9)), [Job([True, 5, True, 6, False])])
    assert made.value == [5, 6]
    assert {(0, 2), (2, 4)} <= set(made.spans)


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn(st.integers())
    assert list(tmp_path.iterdir()) == []
