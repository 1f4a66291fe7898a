"""The parity of two adjacent models on one task, as suites judge it."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.parity.tokenization import differences
from harness.parity.values import FirstStep, TokenizationParity


@dataclass(frozen=True, slots=True)
class TaskParity:
    """Tokenization and first token of two adjacent models of a session, on one task."""

    before: str
    """The earlier model, as typed."""
    after: str
    is_copy: bool
    """``after`` is a merged or converted form of ``before``; otherwise it was trained further."""
    reading: TokenizationParity
    first_step: FirstStep | None

    @property
    def differences(self) -> tuple[str, ...]:
        """Differences in tokenization, one line each: prompts first, then wrong settings."""
        return differences(self.reading)

    @property
    def mismatched(self) -> int:
        """Prompts with different text or tokens."""
        return self.reading.mismatched

    @property
    def first_token(self) -> "FirstToken":
        """The comparison of the first token, which a suite judges by itself."""
        return FirstToken(self.before, self.is_copy, self.first_step)

    @property
    def measured(self) -> Mapping[str, float]:
        """``same_prompts_rate``: the share of prompts that both models tokenize alike."""
        prompts = self.reading.prompts
        return {"same_prompts_rate": 1 - self.reading.mismatched / prompts} if prompts else {}


@dataclass(frozen=True, slots=True)
class FirstToken:
    """Comparison of two models' first token after the same prompts."""

    before: str
    """The earlier model, as typed."""
    is_copy: bool
    first_step: FirstStep | None
    """``None`` where no prompt could be tokenized."""

    @property
    def first_token_rate(self) -> float | None:
        """Share of prompts after which both models have the same likeliest token."""
        return None if self.first_step is None else self.first_step.agreement

    @property
    def measured(self) -> Mapping[str, float]:
        """``first_token_rate``, and ``most_logits``: the largest difference of any logit."""
        step = self.first_step
        if step is None:
            return {}
        return {"first_token_rate": step.agreement, "most_logits": step.max_difference}
