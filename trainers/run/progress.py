"""Shows training progress: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text
from transformers import TrainerCallback

from harness.core.record import FORMAT_SUCCESS
from trainers.run.curve import Curve, CurvePoint
from trainers.run.sparklines import short_sparklines


class ProgressShow(TrainerCallback):  # type: ignore[misc]
    """Shows the newest point of a Curve, whose callback must be added before this one."""

    def __init__(self, console: Console, curve: Curve) -> None:
        self._console = console
        self._gap = " " if console.is_terminal and console.width < 100 else "  "
        self._curve = curve
        self._bar = _bar(console) if console.is_terminal else None
        self._task = self._bar.add_task("", total=None, numbers="", pace="") if self._bar else None
        self._told: CurvePoint | None = None
        self._began = time.perf_counter()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began = time.perf_counter()
        if self._bar and self._task is not None:
            self._bar.update(self._task, total=state.max_steps)
            self._bar.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=state.global_step, pace=self._pace(state))

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not self._curve.points or self._curve.points[-1].step != state.global_step:
            return
        point = self._curve.points[-1]
        if self._bar and self._task is not None:
            self._bar.lines = short_sparklines(self._curve.points)
            self._bar.update(self._task, numbers=self._numbers())
        elif kwargs.get("logs", {}).get("train_runtime") is None:
            step = f"step {state.global_step:>{len(str(state.max_steps))}}/{state.max_steps}"
            self._print(f"{step}  {self._numbers()}  {self._pace(state)}")
        if point.changes and point is not self._told:
            self._told = point
            self._print(changes_line(point.step, point.changes))

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    def close(self) -> None:
        """Remove the bar, also after an error."""
        if self._bar:
            self._bar.stop()

    def _numbers(self) -> str:
        """Loss, learning rate, gradient norm and the evaluation's loss and rate: the latest of each
        beside a bar, in a line those of its own step."""
        points = self._curve.points if self._bar else self._curve.points[-1:]
        trained = next((p for p in reversed(points) if p.loss is not None), None)
        val = next((p.eval_loss for p in reversed(points) if p.eval_loss is not None), None)
        judged = next((p.behaviors for p in reversed(points) if p.behaviors), {})
        parts = []
        if trained and trained.loss is not None:
            parts.append(f"loss {trained.loss:.4f}")
        if val is not None:
            parts.append(f"val {val:.4f}")
        if FORMAT_SUCCESS in judged:
            name = "format" if self._bar else FORMAT_SUCCESS  # The bar's line is short.
            parts.append(f"{name} {judged[FORMAT_SUCCESS]['rate']:.0%}")
        is_full = self._bar is not None and self._gap == " " and len(parts) > 2
        if trained and trained.learning_rate is not None and not is_full:
            parts.append(f"lr {trained.learning_rate:.1e}")
        if trained and trained.grad_norm is not None and not is_full:
            parts.append(f"grad {trained.grad_norm:.2f}")
        return self._gap.join(parts)

    def _pace(self, state: Any) -> str:
        each = (time.perf_counter() - self._began) / max(1, state.global_step)
        left = round(each * (state.max_steps - state.global_step))
        return f"{each:.2f} s/step{self._gap}{clock(left)} left"


def clock(seconds: int) -> str:
    """``1:02:03``, or ``2:03`` below an hour."""
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def changes_line(step: int, changes: Mapping[str, int]) -> str:
    """``step 40: 3 fixed, 1 broke since step 20``."""
    fixed, broke = changes["fixed"], changes["broke"]
    return f"step {step:,}: {fixed} fixed, {broke} broke since step {changes['since']:,}"


class _Bar(Progress):
    """A bar with the curve's lines below it."""

    lines = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.lines:
            yield Text(self.lines, no_wrap=True, overflow="ellipsis")


def _bar(console: Console) -> _Bar:
    return _Bar(
        TextColumn("{task.completed}/{task.total}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[numbers]}"),
        TextColumn("{task.fields[pace]}"),
        console=console,
        transient=True,
        expand=True,
    )
