"""How one model reads beside the one before it: the evidence that a suite judges."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.parity.readings import mismatch_said, setting_said
from harness.parity.values import FirstStep, ReadingParity


@dataclass(frozen=True, slots=True)
class Beside:
    """Two neighbours among the models of a session, on one task."""

    before: str
    """The model before, as typed."""
    after: str
    is_copy: bool
    """Whether ``after`` is ``before`` in another form; else it was trained further."""
    reading: ReadingParity
    first_step: FirstStep | None

    @property
    def differences(self) -> tuple[str, ...]:
        """What is read differently: a line each, the first prompts and then wrong settings."""
        settings = [s for s in self.reading.settings if s.is_wrong]
        return (*map(mismatch_said, self.reading.mismatches), *map(setting_said, settings))

    @property
    def mismatched(self) -> int:
        """Prompts that are read differently."""
        return self.reading.mismatched

    @property
    def first_token_rate(self) -> float | None:
        """Share of prompts after which both like the same token best."""
        return None if self.first_step is None else self.first_step.agreement

    @property
    def measured(self) -> Mapping[str, float]:
        """By name, with its unit where it has one."""
        prompts = self.reading.prompts
        found = {"same_prompts_rate": 1 - self.reading.mismatched / prompts} if prompts else {}
        if self.first_step is not None:
            found["first_token_rate"] = self.first_step.agreement
            found["most_logits"] = self.first_step.max_difference
        return found
