"""Rewards of answers: the behaviors that they pass."""

from collections.abc import Sequence

from harness.core.verdict import Outcome
from trainers.run.prompts import Judged

ALL_REQUIRED = "all_required"
"""The reward of an answer that passes every required behavior."""


def reward_of(name: str, judged: Judged, required: Sequence[str]) -> float:
    """1 where the answer passes, else 0: also where a behavior could not be judged."""
    if name == ALL_REQUIRED:
        return float(judged.passes(required))
    verdict = judged.verdicts.get(name)
    return float(verdict is not None and verdict.outcome is Outcome.PASSED)
