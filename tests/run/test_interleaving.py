"""Who is timed when: every request once, nobody always first, and only what fits side by side."""

from collections import Counter
from dataclasses import replace

import pytest

from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.model import EngineSettings
from harness.engine.process import Generation
from harness.run.interleaving import Footprint, answers_in_turns, fit_together, in_turns
from tests.models import TINY_QWEN2

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
        ([Footprint("cpu", 900, 500)], True),
        ([Footprint("cpu", 900, 100), Footprint("cpu", 900, 901)], True),
        ([Footprint("cpu", 900, 2000), Footprint("cpu", 900, 899)], False),
        ([Footprint("cpu", 500, 0)] * 2 + [Footprint("cpu", 1, 999)], False),
        ([Footprint("cuda:0", 9000, 100), Footprint("cpu", 900, 100)], True),
        ([Footprint("cuda:0", 9000, 100), Footprint("cuda:0", 900, None)], False),
        ([Footprint("cpu", None, 9000), Footprint("cpu", 900, 9000)], False),
    ],
)  # fmt: skip
def test_models_fit_where_the_last_left_room_for_the_others(models, fits) -> None:
    assert fit_together(models) is fits


def test_prompts_that_do_not_fit_are_no_reason_to_stop_asking() -> None:
    """Two in a row are longer than the model's context; the one after them is answered."""
    ref = ModelRef("base", str(TINY_QWEN2))
    model = Generation(ref, EngineSettings(device="cpu", threads=1), stays_open=True)
    long = [replace(r, messages=(Message("user", "a b " * 9000),)) for r in requests(3)[:2]]
    try:
        found = list(answers_in_turns({ref: model}, {ref: [*long, requests(3)[2]]}))
    finally:
        model.close()
    assert [c.finish_reason is FinishReason.ERROR for _, _, c in found] == [True, True, False]


@pytest.mark.slow
def test_a_model_that_fails_its_turns_costs_the_others_nothing(tmp_path) -> None:
    """It cannot be opened; after two tries it is not tried again."""
    missing = ModelRef("merged", str(tmp_path / "missing"))
    models = {missing: Generation(missing, EngineSettings())}
    found = list(answers_in_turns(models, {missing: requests(4)}))
    assert [c.finish_reason for _, _, c in found] == [FinishReason.ERROR] * 4
    reasons = [c.error or "" for _, _, c in found]
    assert all("missing" in reason for reason in reasons[:2])
    assert reasons[2:] == ["it died before when it was to be timed"] * 2
