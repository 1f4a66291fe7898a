"""Chooses the step whose adapter a training keeps: a pure function of its evaluations.

The highest rate of the chosen behavior is kept, or the lowest ``eval_loss``; at a tie, the earlier.
A step never replaces the kept one where the gate would call that a regression over the same
prompts: where more answers, or those of a single behavior, broke than chance explains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import Outcome
from harness.gate.evidence import PairedCases, PairedTest, paired_cases, paired_test
from harness.gate.families import behavior_tests, composites
from harness.gate.policy import GatePolicy
from harness.report.words.numbers import plural

EVAL_LOSS = "eval_loss"
Outcomes = Mapping[str, Sequence[str | None]]
"""Of each behavior at one step, one for each prompt, always in the same order."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One evaluation of a training."""

    step: int
    value: float
    """The rate of the chosen behavior, or the loss."""
    outcomes: Sequence[str | None]
    """Of the chosen behavior, one for each prompt; empty for a loss."""
    refused: str | None = None
    """A regression from the step that was kept then, for which it was not kept."""


@dataclass
class Selection:
    """The step that is kept, and all that the next evaluation is held against."""

    by: str
    """A behavior, ``format_success_rate`` or ``eval_loss``."""
    patience: int | None
    """Evaluations in a row without a better one, after which the training stops."""
    policy: GatePolicy
    evaluations: list[Evaluated] = field(default_factory=list)
    kept: int | None = None
    """Step."""
    outcomes: Outcomes = field(default_factory=dict)
    """All those of the kept step."""

    def see(self, step: int, value: float | None, outcomes: Outcomes) -> bool:
        """Take an evaluation; True where its adapter is the one to keep.

        Args:
            value: ``None`` where no answer was judged, which is never kept.
        """
        if value is None:
            return False
        refused = self._regression(outcomes) if self._is_better(value) else None
        is_kept = self._is_better(value) and refused is None
        found = Evaluated(step, value, tuple(outcomes.get(self.by, ())), refused)
        self.evaluations.append(found)
        if is_kept:
            self.kept, self.outcomes = step, outcomes
        return is_kept

    @property
    def is_exhausted(self) -> bool:
        """As many evaluations as ``patience`` says were no better than the kept one."""
        if self.patience is None or self.kept is None:
            return False
        return sum(e.step > self.kept for e in self.evaluations) >= self.patience

    @property
    def best(self) -> Evaluated | None:
        """The evaluation of the kept step."""
        return next((e for e in self.evaluations if e.step == self.kept), None)

    def told_apart(self) -> tuple[list[int], list[int]]:
        """The other steps that the gate's interval tells from the kept one, and those that it does
        not."""
        apart: tuple[list[int], list[int]] = [], []
        for other in self.evaluations:
            if self.best and other.step != self.kept:
                test = self._test(other.outcomes, self.best.outcomes)
                apart[not (test and test.interval.high < 0)].append(other.step)
        return apart

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {
            "kept": self.kept,
            "evaluations": [asdict(e) for e in self.evaluations],
            "outcomes": {name: [*own] for name, own in self.outcomes.items()},
        }

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Continue from the state in a checkpoint."""
        self.kept, self.outcomes = state["kept"], state["outcomes"]
        self.evaluations = [Evaluated(**own) for own in state["evaluations"]]

    def told(self, steps: int) -> dict[str, Any]:
        """The choice, as ``training.json`` keeps it.

        Args:
            steps: those that were taken.
        """
        evaluations = [
            {"step": e.step, "value": e.value, "refused": e.refused} for e in self.evaluations
        ]
        found = {"by": self.by, "step": self.kept, "why": self.summary(steps)}
        return {**found, "evaluations": evaluations}

    def summary(self, steps: int) -> str:
        """``step 40 of 60: format_success_rate 96%, the highest of 6 evaluations; ...``."""
        best = self.best
        if best is None:
            return f"step {steps:,}, the last: no evaluation had a {self.by}"
        last = f"step {best.step:,} of {steps:,}"
        looks = plural(len(self.evaluations), "evaluation")
        refused = [e for e in self.evaluations if e.refused and self._is_above(e.value, best.value)]
        rank = "lowest" if self.by == EVAL_LOSS else "highest"
        why = f"the {rank} of {looks}" + (" but those refused" if refused else "")
        parts = [f"{last}: {self.by} {self._said(best.value)}, {why}"]
        parts += [f"step {e.step:,} had {self._said(e.value)}, but {e.refused}" for e in refused]
        if self.by != EVAL_LOSS:
            parts += self._told()
        return "; ".join(parts)

    def _told(self) -> list[str]:
        apart, alike = ([f"{s:,}" for s in steps] for steps in self.told_apart())
        found = []
        if apart:
            found.append(f"better than step {', '.join(apart)} for sure")
        if alike:
            found.append(f"too few prompts to tell it from step {', '.join(alike)}")
        return found

    def _said(self, value: float) -> str:
        return f"{value:.4f}" if self.by == EVAL_LOSS else f"{value:.0%}"

    def _is_better(self, value: float) -> bool:
        best = self.best
        return best is None or self._is_above(value, best.value)

    def _is_above(self, value: float, other: float) -> bool:
        return value < other if self.by == EVAL_LOSS else value > other

    def _regression(self, outcomes: Outcomes) -> str | None:
        """The first reason for which the gate would refuse the step after the kept one."""
        pairs = {n: _pairs(own, outcomes.get(n, ())) for n, own in self.outcomes.items()}
        whole = pairs.pop(FORMAT_SUCCESS, None)
        tests = composites([("", whole)], self.policy)[0] if whole else []
        tests = [*tests, *behavior_tests([("", pairs)], self.policy)[0]]
        fell = [t.behavior for t in tests if t and t.is_regression(self.policy.margin)]
        return f"{fell[0]} fell by more than chance explains" if fell else None

    def _test(self, before: Sequence[str | None], after: Sequence[str | None]) -> PairedTest | None:
        policy = self.policy
        return paired_test("", self.by, _pairs(before, after), policy.tails, policy.noise_floor)


def _pairs(before: Sequence[str | None], after: Sequence[str | None]) -> PairedCases:
    """The outcomes of each prompt at two steps."""
    after = [*after, *[None] * (len(before) - len(after))]
    sides = [[o and Outcome(o) for o in side] for side in (before, after)]
    groups = {str(place): [pair] for place, pair in enumerate(zip(*sides, strict=True))}
    return paired_cases(groups, {name: name for name in groups})
