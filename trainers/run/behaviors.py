"""Judges the answers of the model in training, by the behaviors of a task.

The prompts are held-out rows of the recipe.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.composite import composite
from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import JUDGED, Outcome, Verdict
from harness.stats.rates import rate_interval
from trainers.run.prompts import Prompts


@dataclass(frozen=True, slots=True)
class WatchedRate:
    """The rate of one behavior at one step."""

    rate: float
    interval: tuple[float, float]
    """95%, over new prompts."""
    judged: int


@dataclass(frozen=True, slots=True)
class WatchedAnswer:
    """The answer to one prompt at one step."""

    id: str
    """``file:line`` of the row."""
    text: str
    failed: tuple[str, ...]
    """Behaviors that it fails, by name."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The behaviors of the model at one step, and its answers."""

    rates: Mapping[str, WatchedRate]
    """``format_success_rate`` first; a behavior without a judged answer is absent."""
    answers: tuple[WatchedAnswer, ...]


class Watch:
    """The prompts that are asked at each evaluation."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    def look(self, model: Any) -> Watched:
        """Ask every prompt once, with the model as it is."""
        prompts, task = self._prompts, self._prompts.task
        found = list(prompts.answers(model, prompts.cases, task.sampling))
        return Watched(
            rates=dict(_rates([judged.verdicts for judged in found], task.required)),
            answers=tuple(
                WatchedAnswer(judged.case.id, judged.completion.text, _failed(judged.verdicts))
                for judged in found
            ),
        )


def _rates(
    verdicts: Sequence[Mapping[str, Verdict]], required: Sequence[str]
) -> Iterator[tuple[str, WatchedRate]]:
    composites = [composite(own, required) for own in verdicts]
    names = dict.fromkeys(name for own in verdicts for name in own)
    for name, own in (
        (FORMAT_SUCCESS, composites),
        *((name, [v.get(name) for v in verdicts]) for name in names),
    ):
        judged = [v.outcome is Outcome.PASSED for v in own if v and v.outcome in JUDGED]
        if judged:
            rate = sum(judged) / len(judged)
            ends = rate_interval([float(j) for j in judged], [""] * len(judged))
            yield name, WatchedRate(rate, (ends.low, ends.high), len(judged))


def _failed(verdicts: Mapping[str, Verdict]) -> tuple[str, ...]:
    return tuple(name for name, v in verdicts.items() if v.outcome is Outcome.FAILED)
