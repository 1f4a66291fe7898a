"""Latency and token counts as distributions."""

from dataclasses import replace
from xml.etree import ElementTree

from harness.core.completion import Timing
from harness.core.record import RunRecord, TimedAnswer
from harness.report.page.charts.distributions import MAX_POINTS, distributions_of
from harness.report.report import report_on
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, TASK, record

THIRD = "gguf:out/m.gguf"


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


def test_any_two_of_several_models_have_an_axis() -> None:
    """The p95 are 2, 1 and 9 s: alone, the first reaches to 4 s, its most, and not to 6 s; beside
    the third, to 27 s."""
    times = {
        BASE: [1.0] * 970 + [2.0] * 20 + [4.0] * 10,
        THIRD: [0.5] * 94 + [1.0] * 4 + [50.0] * 2,
        ADAPTER: [9.0] * 40 + [100.0],
    }
    times[BASE] = [2.0 if i % 10 == 0 else value for i, value in enumerate(times[BASE])]
    models = [(BASE, CHATTERS), (THIRD, BEHAVES), (ADAPTER, BEHAVES)]
    latency, tokens = distributions_of(report_on(timed(record(40, models), times)), TASK)
    assert set(latency.axes) == set(tokens.axes) == {"0-0", "0-1", "0-2", "1-1", "1-2", "2-2"}
    ends = {pair: (axis.scale.high, axis.beyond) for pair, axis in latency.axes.items()}
    assert ends == {
        "0-0": (4, ""),
        "0-1": (6, "2 answers beyond the axis."),
        "1-1": (3, "2 answers beyond the axis."),
        "0-2": (30, "1 answer beyond the axis."),
        "1-2": (30, "3 answers beyond the axis."),
        "2-2": (30, "1 answer beyond the axis."),
    }
    assert latency.beyond == ends["0-2"][1]
    root = ElementTree.fromstring(latency.chart)
    sides = list(root.iter("g"))
    assert [n.get("data-side") for n in sides] == ["0", "1", "2"]
    lines = [(n.find("polyline").get("points") or "").split() for n in sides]
    assert max(map(len, lines)) <= 2 * MAX_POINTS + 4, "a line is thinned"
    assert [line[0] for line in lines] == ["0,1"] * 3
    assert [line[-1] for line in lines] == ["30,0", "50,0", "100,0"], "each reaches every axis' end"
    dots = [[n.get("data-x") for n in side.iter("circle")] for side in sides]
    assert dots == [["1.0", "2.0"], ["0.5", "1.0"], ["9.0", "9.0"]]


def test_a_pair_needs_no_other_axis() -> None:
    latency, tokens = distributions_of(
        report_on(timed(record(20), {BASE: [1.0, 2.0], ADAPTER: []})), TASK
    )
    assert latency.axes == tokens.axes == {}
    assert "<defs>" not in latency.chart
