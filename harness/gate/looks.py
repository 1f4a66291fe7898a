"""The gate's policy while cases are asked in blocks, with a look at the decision after each.

A look is a whole decision, at levels that spend a part of the error rate: so often as one looks,
false alarms and false passes keep theirs. The shares below were chosen by simulation
(``benchmarks/gate_simulation/stopping.py``).
"""

from harness.core.record import EarlyStop
from harness.gate.policy import BEHAVIORS_SHARE, GatePolicy
from harness.stats.paired import Tails
from harness.stats.sequential import look_level

SHARES = tuple(tenths / 10 for tenths in range(2, 11))
"""Shares of the cases after which there is a look."""
LOSS_SHARE = 0.7
"""Share of the error rate that all looks spend on losses of ``format_success_rate``; with the
share of single behaviors it keeps the rate."""
PASS_SHARE = 0.9
"""Share of the error rate that all looks spend on passes where something flipped."""
NO_FLIP_SHARE = 0.53
"""Share of the error rate for the exact bound where nothing flipped, before the last look. It is no
sum over looks: who has no flip at a later look had none at an earlier one."""
LOSS_EXPONENT = 1.0
"""Losses are looked for with nearly equal levels, so that a large one shows at once."""
PASS_EXPONENT = 1.5
"""Passes are stricter at first: a few cases say little about a margin of two points."""


class LookPolicy(GatePolicy):
    """A policy at the levels of one look."""

    shares: tuple[float, ...]
    """Shares of the cases at each look so far."""

    @property
    def tails(self) -> Tails:
        alpha = 1 - self.confidence
        low, high = self._loss(alpha * LOSS_SHARE), self._pass(alpha * PASS_SHARE)
        return Tails(low, high, self._no_flip)

    @property
    def behavior_tails(self) -> Tails:
        alpha = 1 - self.confidence
        return Tails(self._loss(alpha * BEHAVIORS_SHARE), self._pass(alpha), self._no_flip)

    @property
    def wording_tails(self) -> tuple[float, float]:
        alpha = 1 - self.confidence
        return self._loss(alpha), self._pass(alpha)

    @property
    def at_the_end(self) -> "LookPolicy":
        """The policy of the last look, if all remaining looks are taken."""
        return self.model_copy(
            update={"shares": (*self.shares, *(s for s in SHARES if s > self.shares[-1]))}
        )

    @property
    def _no_flip(self) -> float:
        alpha = 1 - self.confidence
        return alpha if self.shares[-1] == 1 else alpha * NO_FLIP_SHARE

    def _loss(self, alpha: float) -> float:
        return look_level(alpha, self.shares, LOSS_EXPONENT)

    def _pass(self, alpha: float) -> float:
        return look_level(alpha, self.shares, PASS_EXPONENT)


def policy_at(policy: GatePolicy, early: EarlyStop | None) -> GatePolicy:
    """The policy for a model that was looked at while it answered; any other keeps its own."""
    if early is None or not early.looks:
        return policy
    shares = tuple(look / early.total for look in early.looks)
    return LookPolicy(**{**policy.model_dump(), "shares": shares})
