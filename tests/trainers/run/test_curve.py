"""Gradients that are no numbers: a training in float16 goes on after one, others end."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from harness.core.errors import HarnessError
from trainers.run import loop
from trainers.run.curve import Curve
from trainers.run.saving import Saving

OVERFLOWN = {"loss": 1.5, "learning_rate": 1e-4, "grad_norm": float("inf")}
STATE = SimpleNamespace(global_step=7)


def optimizer(*, scale: float, is_skipped: bool = True) -> Any:
    """As accelerate wraps one of a training in float16."""
    scaler = SimpleNamespace(get_scale=lambda: scale)
    return SimpleNamespace(scaler=scaler, step_was_skipped=is_skipped)


def test_an_overflow_of_the_scaled_gradients_skips_a_step_and_ends_nothing() -> None:
    curve = Curve()
    curve.optimizer = lambda: optimizer(scale=32_768.0)
    curve.on_log(None, STATE, None, OVERFLOWN)
    (point,) = curve.points
    assert (point.step, point.loss, point.grad_norm) == (7, 1.5, None)


@pytest.mark.parametrize(
    "found",
    [
        None,
        SimpleNamespace(scaler=None, step_was_skipped=False),
        optimizer(scale=32_768.0, is_skipped=False),
        optimizer(scale=0.5),
    ],
    ids=["no optimizer", "bfloat16", "a step that was taken", "at every scale"],
)
def test_a_gradient_that_is_no_number_ends_the_training(found: Any) -> None:
    curve = Curve()
    curve.optimizer = lambda: found
    with pytest.raises(HarnessError, match="grad_norm is inf at step 7: training diverged"):
        curve.on_log(None, STATE, None, OVERFLOWN)


def test_a_loss_that_is_no_number_ends_it_also_in_float16() -> None:
    lost, curve = {**OVERFLOWN, "loss": float("nan")}, Curve()
    curve.optimizer = lambda: optimizer(scale=32_768.0)
    with pytest.raises(HarnessError, match="loss is nan at step 7"):
        curve.on_log(None, STATE, None, lost)


def test_the_curve_of_a_training_asks_the_trainers_optimizer_once_it_is_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers makes its callbacks' optimizer before there is one, and never renews it."""
    trainer = SimpleNamespace(model=torch.nn.Linear(1, 1), optimizer=None)
    method: Any = SimpleNamespace(build=lambda job, how: trainer)
    job: Any = SimpleNamespace(
        exchange=None, watch=None, recipe=SimpleNamespace(output=str(tmp_path / "out"))
    )
    monkeypatch.setattr(loop, "arguments", lambda job, folder: {})
    curve, saving = Curve(), cast(Saving, None)
    loop.built(method, job, tmp_path, saving, curve)
    assert curve.optimizer() is None
    trainer.optimizer = wrapped = optimizer(scale=32_768.0)
    assert curve.optimizer() is wrapped
