"""The loss of an adapter's training, step by step: the chart, and its numbers in words."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.model_files.training_record import Training
from harness.report.page.charts.plots import Dot, Line, plot, scale
from harness.report.page.labels import Label, label_of
from harness.report.report import Report
from harness.report.words import numbers as words


@dataclass(frozen=True, slots=True)
class TrainingView:
    """The training of one adapter."""

    label: Label
    summary: str
    chart: Markup


def training_views(report: Report) -> tuple[TrainingView, ...]:
    """One for each training of an adapter in the report: two runs of one adapter have one."""
    views: dict[tuple[str, Training], TrainingView] = {}
    for side in report.sides:
        known = report.trainings.get((side.record.id, side.model))
        if known is not None and (side.model, known) not in views:
            label = label_of(report, side)
            drawn = chart(known, label.css_class)
            views[side.model, known] = TrainingView(label, summary(known), drawn)
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


def summary(training: Training) -> str:
    """``sft, 400 steps in 10 min 10 s; loss 3.1 to 0.085, held out 0.09``."""
    first, last = training.losses[0][1], training.losses[-1][1]
    held = f", held out {words.significant(training.held_out[-1][1])}" if training.held_out else ""
    return (
        f"{training.method}, {words.plural(training.steps, 'step')} in "
        f"{words.duration(training.seconds)}; loss {words.significant(first)} to "
        f"{words.significant(last)}{held}"
    )
