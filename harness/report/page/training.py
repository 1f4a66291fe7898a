"""The training of an adapter as its folder tells it: the loss, step by step.

A run's record names an adapter's weights by their hash and says nothing of how they came to be.
``training.json`` lies beside the weights and names them by the same hash, so it is read when a page
is made, and believed only where the hashes agree: a folder that was trained again since the run
tells of other weights. The file is read as hostile input.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from harness.core.record import ModelRecord
from harness.gate.compare import Side
from harness.report.page.plots import Dot, Line, plot, scale
from harness.report.words import numbers as words

FILE = "training.json"
WEIGHTS = "adapter_model.safetensors"
MOST_BYTES = 5_000_000
MOST_STEPS = 10**9
MOST_POINTS = 400
"""Of one line."""


@dataclass(frozen=True, slots=True)
class Training:
    """One adapter's training, in what a page shows of it."""

    method: str
    seconds: float
    losses: tuple[tuple[int, float], ...]
    """Step and mean loss over the trained tokens since the point before."""
    held_out: tuple[tuple[int, float], ...]
    """Step and loss on the held-out examples."""

    @property
    def steps(self) -> int:
        """The last that was logged."""
        return max(step for step, _ in (*self.losses, *self.held_out))


def training_of(model: ModelRecord, folder: Path) -> Training | None:
    """What the adapter in ``folder`` says of its training; ``None`` where it says nothing, or tells
    of other weights than the record does."""
    weights = model.files.get(WEIGHTS)
    try:
        file = folder / FILE
        if weights is None or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return None
        found = json.loads(file.read_bytes())
        if found["result"]["adapter_sha256"] != weights:
            return None
        losses, held_out = (_points(found["curve"], name) for name in ("loss", "eval_loss"))
        method, seconds = str(found["method"])[:20], float(found["result"]["seconds"])
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    if not losses or not math.isfinite(seconds):
        return None
    return Training(method, seconds, losses, held_out)


def _points(curve: Any, name: str) -> tuple[tuple[int, float], ...]:
    """The finite values of one name, in the order of their steps, thinned."""
    found = sorted({int(p["step"]): float(p[name]) for p in curve if name in p}.items())
    finite = [(s, value) for s, value in found if 0 <= s <= MOST_STEPS and math.isfinite(value)]
    every = max(1, -(-len(finite) // MOST_POINTS))
    return tuple(finite[::every])


def chart(training: Training, css_class: str) -> Markup:
    """The loss over the steps, with the held-out loss as dots."""
    losses = (*training.losses, *training.held_out)
    x = scale(0, training.steps, "optimiser steps")
    unit = ", nats per token" if training.method == "sft" else ""
    y = scale(0, max(value for _, value in losses), f"loss{unit}")
    dots = [
        Dot(step, v, css_class, f"held out {words.significant(v)}") for step, v in training.held_out
    ]
    return plot([Line(training.losses, css_class)], x, y, said(training), dots=dots)


def said(training: Training) -> str:
    """``sft, 400 steps in 10 min 10 s; loss 3.1 to 0.085, held out 0.09``."""
    first, last = training.losses[0][1], training.losses[-1][1]
    held = f", held out {words.significant(training.held_out[-1][1])}" if training.held_out else ""
    return (
        f"{training.method}, {words.plural(training.steps, 'step')} in "
        f"{words.duration(training.seconds)}; loss {words.significant(first)} to "
        f"{words.significant(last)}{held}"
    )


def folder_of(side: Side) -> Path | None:
    """Where an adapter lay when its run was made."""
    kind, _, location = side.model.partition(":")
    return Path(location) if kind == "adapter" else None
