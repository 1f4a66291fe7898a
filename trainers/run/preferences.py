"""Watches a training on preferences: it begins at its reference, keeps to the chosen answers."""

import warnings
from typing import Any

from transformers import TrainerCallback

from harness.core.errors import HarnessError

SAME = 1e-3
"""Reward by which the model and its reference may differ before the first step, in any type."""
FALL_NATS = 5.0
"""A fall of the log probability of short answers that no batch explains."""
FALL_SHARE = 0.25
"""The same of long ones, as a share of the first value. A pure sigmoid loss whose model no longer
gave any valid answer had fallen by 10 nats from -2, one that got better had risen."""


class Preferences(TrainerCallback):  # type: ignore[misc]
    """Checks what TRL logs of each step's pairs."""

    def __init__(self, *, is_stopping: bool) -> None:
        self._is_stopping = is_stopping
        self._has_warned = False

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Compare with the first step.

        Raises:
            RuntimeError: the reference is not the model before the first step. The fault is ours or
                a change in TRL.
            HarnessError: the chosen answers collapsed, and the recipe stops there.
        """
        chosen = logs.get("logps/chosen")
        if chosen is None:
            return
        if state.global_step == 1:
            _check_reference(logs)
        logged = (line["logps/chosen"] for line in state.log_history if "logps/chosen" in line)
        first, now = float(next(logged, chosen)), float(chosen)
        if first - now > max(FALL_NATS, FALL_SHARE * abs(first)):
            self._tell(first, now, state.global_step)

    def _tell(self, first: float, chosen: float, step: int) -> None:
        what = (
            f"the chosen answers' log probability fell from {first:.1f} to {chosen:.1f} by "
            f"step {step}: both answers are being pushed down"
        )
        if self._is_stopping:
            raise HarnessError(f"{what}; lower learning_rate or add sft to loss_type")
        if not self._has_warned:
            warnings.warn(f"{what}; judge the adapter before it is used", stacklevel=2)
            self._has_warned = True


def _check_reference(logs: Any) -> None:
    rewards = [abs(float(logs.get(f"rewards/{side}", 0.0))) for side in ("chosen", "rejected")]
    if max(rewards) > SAME:
        raise RuntimeError(
            f"the reference is not the model before the first step: rewards {rewards}"
        )
