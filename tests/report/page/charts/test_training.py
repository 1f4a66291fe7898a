"""The loss of an adapter's training as a chart and in words."""

from dataclasses import replace

from harness.model_files.training_record import Training
from harness.report.page.charts.training import (
    chart,
    rate_charts,
    summary,
    table,
    training_views,
)
from harness.report.report import report_on
from tests.synthetic import record

TRAINING = Training("sft", 61.0, ((1, 3.0), (10, 0.5)), ((10, 0.6),))


def test_the_loss_and_what_was_held_out_in_words() -> None:
    assert summary(TRAINING) == "sft, 10 steps in 1 min 1 s; loss 3 to 0.5, held out 0.6"
    drawn = chart(TRAINING, "after")
    assert "loss, nats per token" in drawn
    assert drawn.count("<circle") == 1


def test_each_run_has_the_training_of_its_own_weights() -> None:
    """An adapter that was trained again under its name: the curve belongs to the later run."""
    first, second = (record(4, run_id=run_id) for run_id in ("a", "b"))
    report = report_on(first, second)
    known = Training("sft", 1.0, ((1, 2.0), (2, 1.0)), ())
    ref = second.models[1].ref
    [view] = training_views(replace(report, trainings={("b", ref): known}))
    assert view.label.text == "json_extraction (b)"
    both = {("a", ref): known, ("b", ref): known}
    assert len(training_views(replace(report, trainings=both))) == 1
    other = {("a", ref): replace(known, seconds=2.0), ("b", ref): known}
    assert len(training_views(replace(report, trainings=other))) == 2


def test_each_behavior_has_its_chart_and_all_numbers_are_in_a_table() -> None:
    points = ((5, 0.5, 0.3, 0.7), (10, 0.9, 0.75, 0.97))
    known = replace(TRAINING, rates=(("format_success_rate", points), ("grounding", points[1:])))
    charts = dict(rate_charts(known, "after"))
    assert list(charts) == ["format_success_rate", "grounding"]
    assert charts["format_success_rate"].count("<circle") == 2
    assert (
        'aria-label="format_success_rate over 2 evaluations: 50.0% to 90.0%"'
        in charts["format_success_rate"]
    )
    assert table(known) == (
        ("step", "loss", "held out", "format_success_rate", "grounding"),
        ("5", "", "", "50.0% (30.0% to 70.0%)", ""),
        ("10", "0.5", "0.6", "90.0% (75.0% to 97.0%)", "90.0% (75.0% to 97.0%)"),
    )
    assert table(replace(TRAINING, held_out=())) == ()


def test_the_kept_step_is_said() -> None:
    assert summary(replace(TRAINING, kept=5)).endswith("; the adapter is that of step 5")
