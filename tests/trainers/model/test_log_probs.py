"""Log-probabilities with their gradient in one pass have the values and gradients of TRL's."""

from typing import Any

import pytest
import torch
from trl.kernels import ChunkedLogProbFunction

from trainers.model import log_probs
from trainers.model.log_probs import CpuLogProbs

OUTPUTS = ("log_probs", "entropy", "mean_logits", "is_top1")
TOKENS, WIDTH, VOCABULARY = 23, 48, 1001
Values = tuple[torch.Tensor | None, ...]


@pytest.fixture(autouse=True)
def several_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven tokens a tile, so that the last tile is a short one."""
    monkeypatch.setattr(log_probs, "TILE_LOGITS", 7 * VOCABULARY)


def arguments(dtype: torch.dtype) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(3)
    return {
        "hidden": torch.randn(TOKENS, WIDTH, generator=generator).to(dtype).requires_grad_(),
        "weight": (0.3 * torch.randn(VOCABULARY, WIDTH, generator=generator)).to(dtype),
        "targets": torch.randint(0, VOCABULARY, (TOKENS,), generator=generator),
        "weights": torch.randn(TOKENS, generator=generator),
    }


def computed(
    function: Any, dtype: torch.dtype, scale: tuple[float, float] = (1.0, 1.0)
) -> tuple[Values, torch.Tensor]:
    """The outputs, and the gradient of a weighted sum of the log-probabilities."""
    given = arguments(dtype)
    temperature, logit_scale = scale
    values = function.apply(
        given["hidden"], given["weight"], None, given["targets"], temperature, 64, None,
        logit_scale, OUTPUTS,
    )  # fmt: skip
    (values[0] * given["weights"]).sum().backward()
    return values, given["hidden"].grad


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.7, 3.0)], ids=["plain", "scaled"])
def test_values_and_gradients_are_those_of_trl(scale: tuple[float, float]) -> None:
    theirs, their_gradient = computed(ChunkedLogProbFunction, torch.float32, scale)
    ours, gradient = computed(CpuLogProbs, torch.float32, scale)
    torch.testing.assert_close(gradient, their_gradient, rtol=1e-4, atol=1e-5)
    for index, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        assert (own is None) is (other is None)
        if own is not None and other is not None:
            # The entropy is the difference of numbers that are larger by far.
            allowed = 1e-3 if index == 1 else 1e-5
            torch.testing.assert_close(own, other, rtol=1e-4, atol=allowed)


def test_in_bfloat16_the_gradient_is_as_near_to_the_exact_one_as_that_of_trl() -> None:
    """Both round each probability and the sum once; the exact one starts from the same numbers."""
    given = arguments(torch.bfloat16)
    states = given["hidden"].detach().double().requires_grad_()
    logits = states @ given["weight"].double().t()
    chosen = logits.log_softmax(1).gather(1, given["targets"][:, None]).squeeze(1)
    (chosen * given["weights"]).sum().backward()
    assert states.grad is not None

    def error(function: Any) -> float:
        return float((computed(function, torch.bfloat16)[1].double() - states.grad).norm())

    assert error(CpuLogProbs) < 1.5 * error(ChunkedLogProbFunction)
    assert error(CpuLogProbs) < 0.01 * float(states.grad.norm())


def test_nothing_is_trained_where_no_token_is() -> None:
    given = arguments(torch.float32)
    hidden = given["hidden"][:0]
    values = CpuLogProbs.apply(hidden, given["weight"], None, given["targets"][:0], 1.0, 64)
    assert values[0] is not None
    values[0].sum().backward()
    assert given["hidden"].grad.abs().sum() == 0


@pytest.mark.parametrize("special", ["bias", "softcap", "trained"])
def test_output_layers_of_other_kinds_are_left_to_trl(special: str) -> None:
    def run(function: Any) -> Values:
        given = arguments(torch.float32)
        weight = given["weight"].requires_grad_(special == "trained")
        bias = torch.ones(VOCABULARY) if special == "bias" else None
        cap = 5.0 if special == "softcap" else None
        values: Values = function.apply(
            given["hidden"], weight, bias, given["targets"], 1.0, 64, cap, 1.0, OUTPUTS
        )
        assert values[0] is not None
        values[0].sum().backward()
        return *values, given["hidden"].grad, weight.grad

    for own, other in zip(run(CpuLogProbs), run(ChunkedLogProbFunction), strict=True):
        assert (own is None) is (other is None)
        assert own is None or torch.equal(own, other)  # type: ignore[arg-type]


def test_the_gradient_of_an_entropy_is_refused_not_left_out() -> None:
    given = arguments(torch.float32)
    values = CpuLogProbs.apply(given["hidden"], given["weight"], None, given["targets"], 1.0, 64)
    assert values[1] is not None
    with pytest.raises(RuntimeError, match="gradient of the entropy"):
        values[1].sum().backward()
