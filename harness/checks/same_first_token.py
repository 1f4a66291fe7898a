"""Judges that a copy of a model begins its answers as the model it was made from."""

from dataclasses import dataclass
from typing import Protocol

from harness.checks.declared.output import RunDeclarations
from harness.core.verdict import FailureCode, Verdict

NEEDS = ()
NO_RATE = "it is judged once for each pair of models"


class FirstTokenEvidence(Protocol):
    """Two models' first token after the same prompts."""

    @property
    def before(self) -> str: ...
    @property
    def is_copy(self) -> bool: ...
    @property
    def first_token_rate(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class SameFirstToken:
    """Rejects an export that begins with another token than its source after 40% of the prompts:
    rows of a matrix that were stored in the wrong order."""

    least_rate: float = 0.95
    """Rounding decides where two tokens are nearly alike, and a quantised model rounds much."""

    def judge(self, evidence: FirstTokenEvidence) -> Verdict:
        if not evidence.is_copy:
            return Verdict.skipped(f"it was trained further than {evidence.before}")
        if evidence.first_token_rate is None:
            return Verdict.skipped("no prompt could be read")
        if evidence.first_token_rate >= self.least_rate:
            return Verdict.passed()
        return Verdict.failed(
            FailureCode.OTHER_LOGITS,
            f"begins as {evidence.before} after {evidence.first_token_rate:.1%} of the prompts, "
            f"at least {self.least_rate:.1%} is asked",
        )


def run_check_for(task: RunDeclarations) -> SameFirstToken:
    return SameFirstToken()
