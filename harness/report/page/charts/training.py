"""The training of an adapter, step by step: its losses and the watched behaviors, as charts
and as a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from harness.model_files.training_record import Training
from harness.report.page.charts.plots import Dot, Line, plot, scale, shares
from harness.report.page.labels import Label, label_of
from harness.report.report import Report
from harness.report.words import numbers as words


@dataclass(frozen=True, slots=True)
class TrainingView:
    """The training of one adapter."""

    label: Label
    summary: str
    chart: Markup
    behaviors: tuple[tuple[str, Markup], ...]
    """Name and chart of each behavior, ``format_success_rate`` first."""
    table: tuple[tuple[str, ...], ...]
    """The same in numbers: a row of titles, then one for each step that was evaluated."""


def training_views(report: Report) -> tuple[TrainingView, ...]:
    """One for each training of an adapter in the report: two runs of one adapter have one."""
    views: dict[tuple[str, Training], TrainingView] = {}
    for side in report.sides:
        known = report.trainings.get((side.record.id, side.model))
        if known is not None and (side.model, known) not in views:
            label = label_of(report, side)
            drawn = chart(known, label.css_class)
            behaviors = tuple(rate_charts(known, label.css_class))
            views[side.model, known] = TrainingView(
                label, summary(known), drawn, behaviors, table(known)
            )
    return tuple(views.values())


def chart(training: Training, css_class: str) -> Markup:
    """The loss over the steps, with the held-out loss as dots."""
    losses = (*training.losses, *training.held_out)
    x = scale(0, training.steps, "optimiser steps")
    unit = ", nats per token" if training.method == "sft" else ""
    y = scale(0, max(value for _, value in losses), f"loss{unit}")
    dots = [
        Dot(step, v, css_class, f"held out {words.significant(v)}") for step, v in training.held_out
    ]
    return plot([Line(training.losses, css_class)], x, y, summary(training), dots=dots)


def rate_charts(training: Training, css_class: str) -> Iterator[tuple[str, Markup]]:
    """One for each watched behavior: its rate over the steps, with its interval at each."""
    x, y = scale(0, training.steps, "optimiser steps"), shares("held-out prompts that pass")
    for name, points in training.rates:
        line = Line(tuple((step, rate) for step, rate, _, _ in points), css_class)
        dots = [
            Dot(step, rate, css_class, f"step {step:,}: {_rate(rate, low, high)}", (low, high))
            for step, rate, low, high in points
        ]
        first, last = words.percent(points[0][1]), words.percent(points[-1][1])
        described = f"{name} over {words.plural(len(points), 'evaluation')}: {first} to {last}"
        yield name, plot([line], x, y, described, dots=dots)


def table(training: Training) -> tuple[tuple[str, ...], ...]:
    """Empty where nothing was evaluated."""
    columns = [("loss", dict(training.losses)), ("held out", dict(training.held_out))]
    found = {name: {s: _rate(*rest) for s, *rest in points} for name, points in training.rates}
    evaluated = sorted({*columns[1][1], *(step for own in found.values() for step in own)})
    if not evaluated:
        return ()
    rows = [
        (
            f"{step:,}",
            *(words.significant(own[step]) if step in own else "" for _, own in columns),
            *(own.get(step, "") for own in found.values()),
        )
        for step in evaluated
    ]
    return (("step", "loss", "held out", *found), *rows)


def _rate(rate: float, low: float, high: float) -> str:
    return f"{words.percent(rate)} ({words.percent(low)} to {words.percent(high)})"


def summary(training: Training) -> str:
    """``sft, 400 steps in 10 min 10 s; loss 3.1 to 0.085, held out 0.09``."""
    first, last = training.losses[0][1], training.losses[-1][1]
    held = f", held out {words.significant(training.held_out[-1][1])}" if training.held_out else ""
    kept = f"; the adapter is that of step {training.kept:,}" if training.kept is not None else ""
    return (
        f"{training.method}, {words.plural(training.steps, 'step')} in "
        f"{words.duration(training.seconds)}; loss {words.significant(first)} to "
        f"{words.significant(last)}{held}{kept}"
    )
