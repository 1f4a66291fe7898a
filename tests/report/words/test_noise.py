"""The words about a model's noise: what was asked again, in which batches, and what flipped."""

from dataclasses import replace

import pytest

from harness.core.noise import BatchNoise, FlippedCase, FlipRate
from harness.report.words.noise import floor_lines, lines

STILL = FlipRate("t", "format_success_rate", 0.0, 50, (0.0, 0.07))
NOISE = BatchNoise("base:m", 50, 0, (30, 30), (1, 7), (STILL,))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "noise: 50 answers generated again in batches of 1 to 7 rows, at first of 30"),
        ({"errors": 2}, "in batches of 1 to 7 rows, at first of 30; 2 of them are errors"),
        ({"rows": None}, "in batches of 1 to 7 rows, at first in others"),
        ({"rows": None, "rows_again": None}, "in batches that the backend does not tell"),
        ({"rows": (1, 1), "rows_again": (1, 1)}, "one by one, as before: no batch differed, so"),
    ],
)
def test_the_batches_are_told(changes, said):
    assert said in next(lines(replace(NOISE, **changes)))


def test_a_few_behaviors_without_a_flip_are_named_and_equivalents_of_cases_are_told():
    rates = (
        STILL,
        replace(STILL, behavior="grounding"),
        FlipRate("t", "json", 1.25, 50, (0.001, 0.1)),
    )
    _, flips, still = lines(replace(NOISE, rates=rates))
    assert flips == "t: json: 1.25 of 50 flipped: 2.5% (95% interval 0.1 to 10.0%)"
    assert still == "t: format_success_rate, grounding: 0 of 50 flipped, at most 7.1%"


def test_many_cases_on_the_edge_are_counted():
    flipped = tuple(FlippedCase("t", f"c{n}", 0, ("json",), (), True) for n in range(12))
    *_, edge = lines(replace(NOISE, flipped=flipped))
    assert edge.startswith("on the knife's edge: c0 (json), c1 (json)")
    assert edge.endswith("c9 (json) and 2 more")


def test_the_gates_floor_and_the_bound_in_its_place():
    assert [*floor_lines(0.04, NOISE)] == [
        "Noise: 4.0% of the cases flip when the model before is judged against itself."
    ]
    (said,) = floor_lines(0.0, NOISE)
    assert said.endswith("answered again in other batches, 0 of 50 flipped, at most 7.1%.")
    assert [*floor_lines(0.0, None)] == []


def test_what_cannot_flip_is_no_rate():
    for flipped, cases in ((0.0, 0), (3.0, 2), (-1.0, 2)):
        with pytest.raises(ValueError, match="cannot flip"):
            FlipRate("t", "json", flipped, cases, (0.0, 1.0))
