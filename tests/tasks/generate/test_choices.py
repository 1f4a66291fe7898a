"""What a choice could have been, and which of its values is simpler."""

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.generate.choices import BooleanRange, FloatRange, IntegerRange, TextRange

LETTERS = ((97, 122),)


quick = settings(deadline=None, max_examples=60)


def bounded(draw_from: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(draw_from, draw_from).map(sorted)


whole = st.integers(-(10**6), 10**6)
integers = st.one_of(
    st.builds(lambda b, t: IntegerRange(*b, t), bounded(whole), whole),
    st.builds(IntegerRange, st.none() | whole, st.none(), whole),
    st.builds(IntegerRange, st.none(), whole, whole),
)
texts = st.builds(
    lambda sizes, alphabet: TextRange(alphabet, *sizes),
    bounded(st.integers(0, 40)),
    st.sampled_from([LETTERS, ((32, 126),), ((0x4E00, 0x9FFF),), ((65, 65), (97, 99))]),
)
finite = st.floats(-1e9, 1e9)
floats = st.builds(lambda b, nan: FloatRange(*b, nan, 5e-324), bounded(finite), st.booleans())
booleans = st.builds(BooleanRange, st.floats(0, 1))
ranges = integers | texts | floats | booleans


@given(ranges, st.integers())
@quick
def test_what_is_drawn_is_allowed(values, seed):
    assert values.allows(values.draw(random.Random(seed)))


@given(ranges, st.integers())
@quick
def test_the_simplest_is_allowed_and_simplest(values, seed):
    drawn = values.draw(random.Random(seed))
    assert values.allows(values.simplest)
    if not isinstance(values, BooleanRange | FloatRange):
        assert values.complexity(values.simplest) <= values.complexity(drawn)


@given(integers | texts, st.integers())
@quick
def test_the_simplest_is_among_what_is_tried(values, seed):
    drawn = values.draw(random.Random(seed))
    others = list(values.others(drawn))
    assert drawn == values.simplest or values.simplest in others


@given(ranges, st.integers())
@quick
def test_a_value_has_few_others(values, seed):
    assert len(list(values.others(values.draw(random.Random(seed))))) < 200


def test_a_text_loses_each_part_of_it():
    others = set(TextRange(LETTERS, 0, 9).others("wxyz"))
    assert {"", "yz", "wx", "xyz", "wyz", "wxz", "wxy"} <= others


def test_letters_come_before_capitals_digits_and_other_scripts():
    values = TextRange(((0, 0x10FFFF),), 1, 1)
    in_order = ["a", "z", "A", "0", " ", "!", "é", "中"]
    assert sorted({*in_order}, key=values.complexity) == in_order


def test_a_long_way_is_halved():
    assert list(IntegerRange(0, 10**6).others(1000))[:3] == [0, 500, 750]


def test_not_a_number_is_allowed_only_when_it_is():
    assert FloatRange(-math.inf, math.inf, True, 5e-324).allows(math.nan)
    assert not FloatRange(-math.inf, math.inf, False, 5e-324).allows(math.nan)


def test_weights_are_kept():
    values = IntegerRange(0, 10**9, 0, ((7, 0.5),))
    drawn = [values.draw(random.Random(seed)) for seed in range(200)]
    assert 60 < drawn.count(7) < 140
