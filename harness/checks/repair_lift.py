"""Measures repair over a whole run: the share that is JSON as it came, and after repair."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.checks.declared.output import RunDeclarations
from harness.checks.json.repair import Repaired
from harness.checks.json_validity import JsonValidity
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Outcome, Verdict

NEEDS = ("json",)


@dataclass(frozen=True, slots=True)
class RepairRates:
    """Counts of completions that are one JSON text; what a backend lost is not counted."""

    judged: int
    raw: int
    """As they came."""
    repaired: int
    """After ``harness.checks.json.repair``; the sound ones among them."""

    @classmethod
    def of(
        cls,
        completions: Iterable[tuple[Case, Completion]],
        wrappers: Wrappers = KNOWN_WRAPPERS,
    ) -> "RepairRates":
        pairs = [p for p in completions if p[1].finish_reason is not FinishReason.ERROR]
        raw = JsonValidity(wrappers)
        repaired = Repaired(raw, wrappers)
        sound = [raw.judge(*pair).outcome is Outcome.PASSED for pair in pairs]
        mended = [
            is_sound or repaired.judge(*pair).outcome is Outcome.PASSED
            for pair, is_sound in zip(pairs, sound, strict=True)
        ]
        return cls(len(pairs), sum(sound), sum(mended))

    @property
    def measured(self) -> Mapping[str, float]:
        """Rates by name, the one that a budget speaks of first; none where nothing was judged."""
        if not self.judged:
            return {}
        return {
            "after_repair_rate": self.repaired / self.judged,
            "raw_rate": self.raw / self.judged,
        }


@dataclass(frozen=True, slots=True)
class RepairLift:
    """Rejects a run of which 88% is JSON after repair where the task wants 95%.

    Without a budget it rejects nothing: it puts what repair is worth beside the raw rate, and
    ``json_validity`` holds the raw one.
    """

    least_rate: float | None = None
    """The least share that must be JSON after repair."""

    def judge(self, evidence: RepairRates) -> Verdict:
        if not evidence.judged:
            return Verdict.skipped("there is no completion to repair")
        rate = evidence.repaired / evidence.judged
        if self.least_rate is None or rate >= self.least_rate:
            return Verdict.passed()
        reason = (
            f"{rate:.1%} of {evidence.judged} completions are JSON after repair "
            f"({evidence.raw / evidence.judged:.1%} without), the budget is {self.least_rate:.1%}"
        )
        return Verdict.failed(FailureCode.SYNTAX, reason)


def run_check_for(task: RunDeclarations) -> RepairLift:
    return RepairLift(task.budgets.get("repair_lift"))
