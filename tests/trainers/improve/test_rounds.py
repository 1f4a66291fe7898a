"""The loop keeps what the gate passes and what gains, and goes on where it was killed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.tasks.task import load_task
from tests.trainers.improve.conftest import FakeCommands
from trainers.data.leaks import find_leaks
from trainers.data.reading import read_rows
from trainers.improve import ledger
from trainers.improve.rounds import Improvement, improve

Say = Callable[[str], None]


def test_it_ends_where_all_goals_are_met(loop: Improvement, say: Say, said: list[str]) -> None:
    commands = FakeCommands({"sft": 0.97})
    ended = improve(loop, commands, say)
    assert ended.is_met
    assert ended.model == "adapter:out/round-1/adapter"
    (only,) = ledger.read(Path("out"))
    assert (only.method, only.is_kept, only.outcome) == ("rft", True, "pass")
    assert only.why == "36 of 39 prompts have a passing answer to learn"
    assert "json_validity rose" in only.sentence or "format_success_rate rose" in only.sentence
    assert only.k == 4
    assert only.pass_at_1 is not None
    assert only.pass_at_k is not None
    assert only.pass_at_1 < 0.6 < only.pass_at_k
    assert commands.done == ["before", "sampled", "train out/round-1/recipe.yaml", "after"]
    assert (Path("out") / "round-1" / "report.html").read_text().startswith("<!")
    assert said[0].startswith("round 1 of 3, base:model: json_validity ")
    assert said[-1].startswith("round 1 is kept: PASS")


def test_rows_that_are_cases_are_never_asked_or_trained_on(loop: Improvement, say: Say) -> None:
    improve(loop, FakeCommands({"sft": 0.97}), say)
    (only,) = ledger.read(Path("out"))
    assert (only.prompts, only.left_out) == (39, 1)
    asked = load_task(Path("out/round-1/tasks/echo"))
    trained = read_rows(Path("out/round-1/rows.jsonl"))[0]
    for prompts in ([c.messages for c in asked.cases], [row.prompt for row in trained]):
        assert prompts
        assert find_leaks(prompts, loop.tasks) == []


def test_a_round_that_loses_is_rejected_and_another_method_comes_next(
    loop: Improvement, say: Say, said: list[str]
) -> None:
    """Rejection sampling makes it worse, DPO mends it: from the model before, not from the worse
    one, and from other prompts."""
    commands = FakeCommands({"sft": 0.1, "dpo": 0.97})
    ended = improve(loop, commands, say)
    assert ended.is_met
    first, second = ledger.read(Path("out"))
    assert (first.method, first.is_kept, first.outcome) == ("rft", False, "regression")
    assert (second.method, second.is_kept, second.model) == ("dpo", True, "base:model")
    assert "round 1 is rejected: REGRESSION" in " ".join(said)
    recipes = [Path(f"out/round-{n}/recipe.yaml").read_text() for n in (1, 2)]
    assert ["adapter: " in text for text in recipes] == [False, False]
    rows = [Path(f"out/round-{n}/rows.jsonl").read_text().splitlines() for n in (1, 2)]
    assert not {json.loads(r)["case"] for r in rows[0]} & {json.loads(r)["case"] for r in rows[1]}


def test_dpo_rejects_greedy_answers(loop: Improvement, say: Say) -> None:
    """One answer a prompt, and the row's own completion to prefer."""
    commands = FakeCommands({"dpo": 0.97}, skills={"base:model": 0.1})
    improve(loop, commands, say)
    assert commands.done[:3] == ["before", "sampled", "greedy"]
    rows = [json.loads(line) for line in Path("out/round-1/rows.jsonl").read_text().splitlines()]
    assert len({row["case"] for row in rows}) == len(rows) > 30
    assert {row["chosen_from"] for row in rows} == {"reference"}


def test_a_round_goes_on_from_the_adapter_that_was_kept(loop: Improvement, say: Say) -> None:
    commands = FakeCommands({"sft": 0.7})
    commands.gains = {"sft": 0.7, "dpo": 0.97}
    ended = improve(loop, commands, say)
    first, second, third = ledger.read(Path("out"))
    assert (first.is_kept, second.is_kept, third.is_kept) == (True, False, True)
    assert second.model == third.model == "adapter:out/round-1/adapter"
    assert 'adapter: "out/round-1/adapter"' in Path("out/round-3/recipe.yaml").read_text()
    assert second.method == "rft"
    assert ended.model == "adapter:out/round-3/adapter"


def test_it_ends_where_nothing_gains(loop: Improvement, say: Say) -> None:
    commands = FakeCommands({"sft": 0.4, "dpo": 0.4, "grpo": 0.4})
    ended = improve(replace(loop, rounds=5), commands, say)
    assert not ended.is_met
    assert ended.model == "base:model"
    assert ended.why == "nothing gains: dpo, grpo, rft tried, and no other is possible"
    assert [r.method for r in ledger.read(Path("out"))] == ["rft", "dpo", "grpo"]


def test_it_ends_where_the_rounds_are_over(loop: Improvement, say: Say) -> None:
    commands = FakeCommands({"sft": 0.6})
    ended = improve(replace(loop, rounds=1), commands, say)
    assert ended.why.startswith("1 round made: json_validity ")


def test_a_model_that_meets_the_goals_is_not_trained(loop: Improvement, say: Say) -> None:
    commands = FakeCommands({}, skills={"base:model": 0.99})
    ended = improve(loop, commands, say)
    assert ended.is_met
    assert commands.done == ["before"]


@pytest.mark.parametrize("command", ["before", "sampled", "train out/round-1/recipe.yaml", "after"])
def test_a_loop_that_was_killed_goes_on_where_it_was(
    loop: Improvement, say: Say, command: str
) -> None:
    commands = FakeCommands({"sft": 0.97}, dies_at=command)
    with pytest.raises(HarnessError, match="killed"):
        improve(loop, commands, say)
    assert improve(loop, commands, say).is_met
    once = [c for c in commands.done if not c.startswith("train")]
    assert sorted(once) == ["after", "before", "sampled"]
    assert len(ledger.read(Path("out"))) == 1


def test_the_level_is_split_over_all_decisions_that_can_come_up(loop: Improvement) -> None:
    """Three rounds: one first adapter, two second ones, four third ones."""
    assert loop.gate.confidence == pytest.approx(1 - 0.05 / 7)
    assert replace(loop, rounds=1).gate.confidence == pytest.approx(0.95)
