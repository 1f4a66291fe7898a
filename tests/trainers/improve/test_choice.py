"""The answers to the training prompts decide which method comes first."""

import pytest

from trainers.data.mining import Mined, Sampled
from trainers.improve.choice import Material, choices


def material(passing: int, pairs: int, mixed: int) -> Material:
    """Of 100 prompts, a row for each that gives one."""
    sampled = Sampled(100, 400, mixed, 4, None, None)
    return Material(sampled, *(Mined(tuple({} for _ in range(n)), n, {}) for n in (passing, pairs)))


@pytest.mark.parametrize(
    ("passing", "pairs", "mixed", "methods"),
    [
        (60, 80, 40, ["rft", "dpo", "grpo"]),
        (20, 90, 15, ["dpo", "grpo", "rft"]),
        (3, 100, 3, ["dpo"]),
        (60, 5, 5, ["rft"]),
        (2, 0, 40, ["grpo"]),
        (0, 0, 0, []),
    ],
)
def test_the_order_of_methods(passing: int, pairs: int, mixed: int, methods: list[str]) -> None:
    found = choices(material(passing, pairs, mixed), batch=8)
    assert [choice.method for choice in found] == methods


def test_a_method_that_lost_is_not_tried_again() -> None:
    found = choices(material(60, 80, 40), 8, {"rft"})
    assert found[0].why == "80 of 100 prompts have a failing answer and a better one"
    assert [choice.method for choice in found] == ["dpo", "grpo"]
