"""Log-probabilities of an answer as values: their summary, their spans, and where answers part."""

import math

import pytest

from harness.core.completion import Completion
from harness.core.logprobs import Logprobs, least_certain, parting
from harness.core.stops import stopped


def logprobs(lengths, values=None, runner_ups=None, others=None):
    count = len(lengths)
    values = values or [-0.1] * count
    return Logprobs.of(lengths, values, runner_ups or ["x"] * count, others or [-2.0] * count)


def test_the_summary_is_the_mean_and_the_least_certain_token():
    found = logprobs([1, 1, 0], [-0.5, -1.25, -0.0625])
    assert found.mean == -0.6042
    assert found.least == 1
    assert found.logprobs == (-0.5, -1.25, -0.0625)


def test_a_value_that_is_no_number_leaves_none():
    assert logprobs([1, 1], [-0.5, -math.inf]) is None
    assert logprobs([1, 1], [-0.5, math.nan]) is None
    assert logprobs([1, 1], others=[-0.5, -math.inf]) is None
    assert logprobs([]) is None


def test_a_probability_is_never_above_1():
    found = logprobs([1], [1e-9], others=[1e300])
    assert found.logprobs == (0.0,)
    assert [s.runner_up_probability for s in found.spans()] == [1.0]


def test_tokens_that_share_a_character_are_one_span_with_their_product():
    found = logprobs([1, 0, 0, 1, 0], [-0.1, -0.2, -1.5, -0.3, -0.7], ["a", "b", "c", "d", "e"])
    spans = list(found.spans())
    assert [(s.start, s.end) for s in spans] == [(0, 1), (1, 2), (2, 2)]
    assert [round(s.logprob, 4) for s in spans] == [-0.1, -2.0, -0.7]
    assert [s.runner_up for s in spans] == ["a", "c", "e"]
    assert [(s.start, s.end) for s in least_certain(found, 2)] == [(1, 2), (2, 2)]
    assert least_certain(logprobs([1, 1], [-0.01, -0.1]), 2) == []


def test_a_stop_cuts_the_text_and_leaves_a_token_each():
    whole = Completion("one two", logprobs=logprobs([3, 4, 0]))
    cut = stopped(whole, (" tw",))
    assert cut.text == "one"
    assert cut.logprobs.lengths == (3, 0, 0)
    assert cut.logprobs.mistake(cut.text) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"runner_ups": ("x",)}, "columns"),
        ({"lengths": (4, -1)}, "lengths"),
        ({"lengths": (1, 1)}, "lengths"),
        ({"least": 2}, "least"),
        ({"least": -1}, "least"),
        ({"logprobs": (), "lengths": (), "runner_ups": (), "runner_up_logprobs": ()}, "columns"),
    ],
)
def test_what_cannot_be_of_the_text_is_a_mistake(changes, said):
    values = {name: getattr(logprobs([2, 1]), name) for name in Logprobs.__slots__}
    assert Logprobs(**values).mistake("abc") is None
    assert Logprobs(**{**values, **changes}).mistake("abc").startswith(("its " + said, said))


def part(before, after, left, right):
    found = parting((before, logprobs(left)), (after, logprobs(right)))
    return found and tuple(s and (s.start, s.end) for s in found)


def test_answers_part_at_the_first_token_that_differs():
    assert part("ab}", "ab,x", [2, 1, 0], [2, 1, 1, 0]) == ((2, 3), (2, 3))
    assert part("x", "y", [1], [1]) == ((0, 1), (0, 1))


def test_they_part_where_both_have_a_place_between_two_tokens():
    assert part("abc", "abd", [2, 1], [1, 2]) == ((0, 2), (0, 1))
    assert part("aabc", "aabd", [1, 2, 1], [1, 1, 1, 1]) == ((3, 4), (3, 4))


def test_one_answer_may_end_where_the_other_goes_on():
    assert part("ab", "abc", [1, 1, 0], [1, 1, 1, 0]) == ((2, 2), (2, 3))
    assert part("ab", "abc", [1, 1], [1, 1, 1]) == (None, (2, 3))


def test_equal_answers_do_not_part():
    assert part("ab", "ab", [1, 1], [2]) is None
