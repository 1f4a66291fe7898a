"""How one model reads beside the one before it: the evidence that a suite judges."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.parity.tokenization import differences
from harness.parity.values import FirstStep, TokenizationParity


@dataclass(frozen=True, slots=True)
class TaskParity:
    """Two neighbours among the models of a session, on one task."""

    before: str
    """The model before, as typed."""
    after: str
    is_copy: bool
    """Whether ``after`` is ``before`` in another form; else it was trained further."""
    reading: TokenizationParity
    first_step: FirstStep | None

    @property
    def differences(self) -> tuple[str, ...]:
        """What is read differently: a line each, prompts first, then what else is wrong."""
        return differences(self.reading)

    @property
    def mismatched(self) -> int:
        """Prompts that are read differently."""
        return self.reading.mismatched

    @property
    def first_token(self) -> "FirstToken":
        """How its answers begin."""
        return FirstToken(self.before, self.is_copy, self.first_step)

    @property
    def measured(self) -> Mapping[str, float]:
        """By name: the share of prompts that both read as the same tokens."""
        prompts = self.reading.prompts
        return {"same_prompts_rate": 1 - self.reading.mismatched / prompts} if prompts else {}


@dataclass(frozen=True, slots=True)
class FirstToken:
    """What two models make of the first token after the same prompts."""

    before: str
    """The model before, as typed."""
    is_copy: bool
    first_step: FirstStep | None
    """``None`` where no prompt could be read."""

    @property
    def first_token_rate(self) -> float | None:
        """Share of prompts after which both like the same token best."""
        return None if self.first_step is None else self.first_step.agreement

    @property
    def measured(self) -> Mapping[str, float]:
        """By name: that share, and the largest difference of any logit."""
        step = self.first_step
        if step is None:
            return {}
        return {"first_token_rate": step.agreement, "most_logits": step.max_difference}
