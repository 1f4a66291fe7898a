"""How long answers take and how many tokens they are."""

from dataclasses import replace

from harness.core.completion import Timing
from harness.core.record import RunRecord, TimedAnswer
from harness.report.page.distributions import distributions_of
from harness.report.report import report_on
from tests.synthetic import ADAPTER, BASE, TASK, record


def timed(run: RunRecord, seconds: dict[str, list[float]]) -> RunRecord:
    """The run with these timed answers, in turns."""
    found = [
        TimedAnswer(model, TASK, f"pay-{i:04}", "0" * 64, value, value / 4, 16, i, value)
        for model, values in seconds.items()
        for i, value in enumerate(values)
    ]
    return replace(run, timed=tuple(found))


def test_medians_and_p95_are_measured_values() -> None:
    """Nearest rank: of 20 values the median is the 10th and the p95 the 19th."""
    before = [i / 10 for i in range(1, 21)]
    run = timed(record(20), {BASE: before, ADAPTER: [v / 2 for v in before]})
    latency, tokens = distributions_of(report_on(run), TASK)
    assert latency.title == "Latency"
    assert [(r.label.role, r.count, r.median, r.p95, r.most) for r in latency.rows] == [
        ("before", "20", "1 s", "1.9 s", "2 s"),
        ("after", "20", "0.5 s", "0.95 s", "1 s"),
    ]
    assert "before: median 1 s, p95 1.9 s, most 2 s; after" in latency.chart
    assert tokens.title == "Tokens"
    assert {row.count for row in tokens.rows} == {"20"}


def test_an_outlier_does_not_flatten_the_rest() -> None:
    run = timed(record(20), {BASE: [1.0] * 39 + [500.0], ADAPTER: [1.0] * 40})
    latency, _ = distributions_of(report_on(run), TASK)
    assert latency.beyond == "1 answer beyond the axis."
    assert ">3<" in latency.chart
    assert latency.rows[0].most == "500 s"


def test_answers_of_a_batch_say_nothing_of_latency() -> None:
    run = record(20)
    batched = tuple(
        replace(s, completion=replace(s.completion, timing=Timing(1.0, 0.1, 16)))
        for s in run.samples
    )
    assert [d.title for d in distributions_of(report_on(replace(run, samples=batched)), TASK)] == [
        "Tokens"
    ]
    alone = tuple(
        replace(s, completion=replace(s.completion, timing=Timing(1.0, 0.1, 1)))
        for s in run.samples
    )
    first, _ = distributions_of(report_on(replace(run, samples=alone)), TASK)
    assert first.title == "Latency"


def test_one_value_is_no_distribution() -> None:
    assert distributions_of(report_on(record(1)), TASK) == ()


def test_what_may_lie_beyond_an_axis_is_kept_whole_and_the_rest_thinned() -> None:
    """3 times the p95 of 1 s: the script counts what a chosen pair's chart leaves out."""
    seconds = [1.0] * 970 + [2.0] * 20 + [4.0] * 10
    run = timed(record(1000), {BASE: seconds, ADAPTER: []})
    latency, tokens = distributions_of(report_on(run), TASK)
    drawn, none = latency.drawn
    assert none is None
    assert drawn is not None
    assert (drawn.p95, drawn.most, drawn.tail) == (1.0, 4.0, (4.0,) * 10)
    assert len(drawn.points) == 200
    assert drawn.points[-1] == (4.0, 1.0)
    assert all(line is not None for line in tokens.drawn)
