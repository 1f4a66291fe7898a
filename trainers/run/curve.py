"""Records the training curve, and stops a training whose loss is not finite."""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from harness.core.errors import HarnessError
from trainers.run.behaviors import Watched, WatchedAnswer

CURVES = "curves.jsonl"
"""A line for each point of the curve."""
ANSWERS = "answers.jsonl"
"""A line for each answer of each evaluation: step, row, text, failed behaviors, whether it passes,
whether its text differs from the evaluation before, and whether it was fixed or broke since."""
METHOD_METRICS = ("reward", "logps/", "completions/", "frac_reward_zero_std", "kl")
"""Beginnings of the names of metrics that belong to a method."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Values logged at one step: averages since the previous point."""

    step: int
    seconds: float
    """Seconds since the first step began."""
    loss: float | None = None
    """Mean over the trained tokens; ``None`` at a point that only evaluates."""
    learning_rate: float | None = None
    grad_norm: float | None = None
    """Gradient norm before clipping."""
    eval_loss: float | None = None
    behaviors: Mapping[str, Any] | None = None
    """Of an evaluation with a task: each behavior's ``rate``, 95% ``interval`` and ``judged``."""
    changes: Mapping[str, int] | None = None
    """Since the evaluation before, at step ``since``: answers that were ``fixed``, that ``broke``,
    and whose text is another, ``changed``."""
    adapter_sha256: str | None = None
    """Of the weights, where another process judged a checkpoint."""
    metrics: Mapping[str, float] | None = None
    """The method's own, under TRL's names: ``rewards/accuracies``, ``logps/chosen``."""


class Curve(TrainerCallback):  # type: ignore[misc]
    """Collects a CurvePoint for each log line of the trainer."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        """Where ``curves.jsonl`` and ``answers.jsonl`` are written; ``None`` writes neither."""
        self.optimizer: Callable[[], Any] = lambda: None
        """The trainer's, as accelerate wraps it: transformers gives its callbacks none."""
        self.watched: Watched | None = None
        """The newest evaluation's."""
        self._seen: Mapping[str, Any] | None = None
        self._changes: Mapping[str, int] | None = None
        self._before: Mapping[str, Mapping[str, Any]] = {}
        """The lines of the newest evaluation, by the row's id."""
        self.points: list[CurvePoint] = []
        self.started = time.perf_counter()
        self.before = 0.0
        """Seconds of the training before it was interrupted."""
        self.step = 0
        """Completed optimiser steps."""

    def go_on(self, points: Iterable[Mapping[str, Any]], step: int, seconds: float) -> None:
        """Continue the curve of a checkpoint."""
        self.points = [CurvePoint(**point) for point in points]
        self.step, self.before = step, seconds
        answers = [a for a in lines_of(self.folder and self.folder / ANSWERS) if a["step"] <= step]
        last = max((answer["step"] for answer in answers), default=0)
        self._before = {a["id"]: a for a in answers if a["step"] == last}
        if self.folder is not None:
            for name, lines in ((CURVES, map(point_values, self.points)), (ANSWERS, answers)):
                (self.folder / name).unlink(missing_ok=True)
                self._write(name, lines)

    def see(self, watched: Watched) -> None:
        """Keep the behaviors of an evaluation for its point, and add its answers to the file."""
        self.watched = watched
        self._seen = {name: asdict(rate) for name, rate in watched.rates.items()}
        lines = [answer_line(self.step, a, self._before.get(a.id)) for a in watched.answers]
        self._changes = _changes(lines, self._before)
        self._before = {line["id"]: line for line in lines}
        self._write(ANSWERS, lines)

    def _write(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Append to a file of the output's folder, which can be followed during the training."""
        if self.folder is not None:
            text = "".join(f"{json.dumps(line)}\n" for line in lines)
            if text:
                with (self.folder / name).open("a", encoding="utf-8") as file:
                    file.write(text)

    def seconds(self) -> float:
        """Seconds of training so far, those before an interruption included."""
        return round(self.before + time.perf_counter() - self.started, 3)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.started = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.step = state.global_step
        if state.global_step >= state.max_steps:
            # The steps after the last multiple of logging_steps belong to the curve, too.
            control.should_log = True
            # An epoch's end is evaluated anyway.
            control.should_evaluate |= args.eval_strategy == "steps"

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Append a point; raises HarnessError where a loss or a gradient is not finite.

        In float16 a gradient that overflows is no gradient: its step was skipped, see
        ``_is_skipped``.
        """
        values = {k: logs.get(k) for k in ("loss", "learning_rate", "grad_norm", "eval_loss")}
        if values["grad_norm"] is not None and _is_skipped(self.optimizer()):
            values["grad_norm"] = None
        if values["loss"] is None and values["eval_loss"] is None and self._seen is None:
            return
        numbers = {k: float(v) for k, v in values.items() if v is not None}
        for name, number in numbers.items():
            if not math.isfinite(number):
                raise HarnessError(diverged(f"{name} is {number}", state.global_step))
        metrics = {k: float(v) for k, v in logs.items() if k.startswith(METHOD_METRICS)} or None
        self.add(state.global_step, self.seconds(), **numbers, metrics=metrics)

    def add(self, step: int, seconds: float, **values: Any) -> CurvePoint:
        """Append a point, with the behaviors that were seen since the last."""
        point = CurvePoint(step, seconds, behaviors=self._seen, changes=self._changes, **values)
        self._seen = self._changes = None
        self.points.append(point)
        self._write(CURVES, [point_values(point)])
        return point


def _is_skipped(optimizer: Any) -> bool:
    """True if the newest step was skipped, since its scaled gradients overflowed float16, and is
    tried with a smaller scale.

    torch's ``GradScaler`` doubles the scale after 2,000 steps and halves it at an overflow, so that
    a long training meets some. At a scale below 1 it is the gradient itself that overflows.
    """
    scaler = getattr(optimizer, "scaler", None)
    return scaler is not None and optimizer.step_was_skipped and scaler.get_scale() >= 1


def lines_of(path: Path | None) -> Iterator[dict[str, Any]]:
    """The values of a file of lines, up to one that was cut off."""
    for line in path.read_text("utf-8").splitlines() if path and path.is_file() else ():
        try:
            yield json.loads(line)
        except ValueError:
            return


def answer_line(
    step: int, answer: WatchedAnswer, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The line of an answer in ``answers.jsonl``, beside that of the evaluation before."""
    was = before.get("passes") if before else None
    is_flipped = None not in (was, answer.passes) and was != answer.passes
    return {
        "step": step,
        "id": answer.id,
        "text": answer.text,
        "failed": [*answer.failed],
        "passes": answer.passes,
        "changed": before is None or before["text"] != answer.text,
        "flip": ("fixed" if answer.passes else "broke") if is_flipped else None,
    }


def _changes(
    lines: Sequence[Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, int] | None:
    """See ``CurvePoint.changes``; ``None`` at the first evaluation."""
    if not before:
        return None
    flips = [line["flip"] for line in lines]
    return {
        "since": next(iter(before.values()))["step"],
        "fixed": flips.count("fixed"),
        "broke": flips.count("broke"),
        "changed": sum(line["changed"] for line in lines),
    }


def point_values(point: CurvePoint) -> dict[str, Any]:
    """The values of a point that were measured."""
    return {name: value for name, value in asdict(point).items() if value is not None}


def diverged(what: str, step: int) -> str:
    return (
        f"{what} at step {step}: training diverged; lower learning_rate or "
        "max_grad_norm, or raise warmup_steps"
    )
