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
    outcomes: Mapping[str, Outcome]
    """Of each behavior, and of all required ones under ``format_success_rate``."""

    @property
    def failed(self) -> tuple[str, ...]:
        """Behaviors that it fails, by name."""
        own = {name: o for name, o in self.outcomes.items() if name != FORMAT_SUCCESS}
        return tuple(name for name, outcome in own.items() if outcome is Outcome.FAILED)

    @property
    def passes(self) -> bool | None:
        """It passes all required behaviors; ``None`` where that is undecided."""
        outcome = self.outcomes.get(FORMAT_SUCCESS)
        return outcome is Outcome.PASSED if outcome in JUDGED else None


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
        answers = tuple(
            WatchedAnswer(j.case.id, j.completion.text, _outcomes(j.verdicts, task.required))
            for j in found
        )
        return Watched(dict(_rates([answer.outcomes for answer in answers])), answers)


def _outcomes(verdicts: Mapping[str, Verdict], required: Sequence[str]) -> dict[str, Outcome]:
    whole = composite(verdicts, required)
    found = {FORMAT_SUCCESS: whole.outcome} if whole else {}
    return found | {name: verdict.outcome for name, verdict in verdicts.items()}


def _rates(outcomes: Sequence[Mapping[str, Outcome]]) -> Iterator[tuple[str, WatchedRate]]:
    for name in dict.fromkeys((FORMAT_SUCCESS, *(name for own in outcomes for name in own))):
        judged = [own[name] is Outcome.PASSED for own in outcomes if own.get(name) in JUDGED]
        if judged:
            rate = sum(judged) / len(judged)
            ends = rate_interval([float(j) for j in judged], [""] * len(judged))
            yield name, WatchedRate(rate, (ends.low, ends.high), len(judged))
