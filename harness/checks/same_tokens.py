"""Judges that a model reads every prompt as the same tokens as the model it was made from."""

from dataclasses import dataclass
from typing import Protocol

from harness.checks.declared.output import RunDeclarations
from harness.core.verdict import FailureCode, Verdict

NEEDS = ()
NO_RATE = "it is judged once for each pair of models"


class TokenizationEvidence(Protocol):
    """Two models' reading of the same prompts."""

    @property
    def before(self) -> str: ...
    @property
    def differences(self) -> tuple[str, ...]: ...
    @property
    def mismatched(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SameTokens:
    """Rejects an export that reads ``' 12'`` as two tokens where its source reads one."""

    def judge(self, evidence: TokenizationEvidence) -> Verdict:
        if not evidence.differences:
            return Verdict.passed()
        count = evidence.mismatched
        more = f" (of {count:,} prompts that differ)" if count > 1 else ""
        reason = f"beside {evidence.before}: {evidence.differences[0]}{more}"
        return Verdict.failed(FailureCode.OTHER_TOKENS, reason)


def run_check_for(task: RunDeclarations) -> SameTokens:
    return SameTokens()
