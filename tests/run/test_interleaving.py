"""Who is timed when: every request once, nobody always first, and only what fits side by side."""

from collections import Counter

import pytest

from harness.core.case import Message
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.run.interleaving import MemoryUse, fit_together, in_turns, timed_together

A, B, C = (ModelRef("base", name) for name in "abc")


def requests(cases: int, task: str = "t") -> list[Request]:
    return [
        Request(task, f"case-{i}", (Message("user", str(i)),), Sampling(), timed=True)
        for i in range(cases)
    ]


@pytest.mark.parametrize("models", [(A, B), (A, B, C)])
def test_every_request_is_asked_once_and_beside_the_same_of_the_others(models) -> None:
    asked = list(in_turns(dict.fromkeys(models, requests(13))))
    assert Counter(asked) == Counter((m, r) for m in models for r in requests(13))
    width = len(models)
    for turn in range(13):
        assert len({r.key for _, r in asked[turn * width : (turn + 1) * width]}) == 1


def test_no_model_is_always_first() -> None:
    """Each is first as often as the other, and a drift that is linear cancels out: over every four
    turns the places of both models have the same sum."""
    order = [ref for ref, _ in in_turns({A: requests(8), B: requests(8)})]
    assert "".join(ref.location for ref in order) == "abbabaababbabaab"
    for start in (0, 8):
        places = [i for i in range(start, start + 8) if order[i] == A]
        assert sum(places) == sum(range(start, start + 8)) / 2


def test_a_model_with_other_tasks_has_turns_of_its_own() -> None:
    asked = list(in_turns({A: requests(2), B: [*requests(2), *requests(1, "other")]}))
    assert [(ref.location, r.key) for ref, r in asked[4:]] == [("b", "other/case-0/0/timed")]


@pytest.mark.parametrize(
    ("models", "fits"),
    [
        ([MemoryUse("cpu", 900, 500)], True),
        ([MemoryUse("cpu", 900, 100), MemoryUse("cpu", 900, 901)], True),
        ([MemoryUse("cpu", 900, 2000), MemoryUse("cpu", 900, 899)], False),
        ([MemoryUse("cpu", 500, 0)] * 2 + [MemoryUse("cpu", 1, 999)], False),
        ([MemoryUse("cuda:0", 9000, 100), MemoryUse("cpu", 900, 100)], True),
        ([MemoryUse("cuda:0", 9000, 100), MemoryUse("cuda:0", 900, None)], False),
        ([MemoryUse("cpu", None, 9000), MemoryUse("cpu", 900, 9000)], False),
    ],
)  # fmt: skip
def test_models_fit_where_the_last_left_room_for_the_others(models, fits) -> None:
    assert fit_together(models) is fits


def test_models_that_fit_are_one_group_and_others_each_their_own_the_open_one_first() -> None:
    small, unknown = MemoryUse("cpu", 100, 900), MemoryUse("cpu", None, None)
    assert timed_together({A: small, B: small, C: small}, lambda ref: ref == C) == [[A, B, C]]
    assert timed_together({A: unknown, B: small, C: small}, lambda ref: ref == C) == [[C], [A], [B]]
    assert timed_together({A: unknown}, lambda ref: False) == [[A]]
    assert timed_together({}, lambda ref: False) == []
