"""Charts with two axes."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.page.charts.plots import HEIGHT, MAX_TICKS, Dot, Line, plot, scale, shares


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (0.083, ["0", "0.02", "0.04", "0.06", "0.08", "0.1"]),
        (56, ["0", "20", "40", "60"]),
        (5, ["0", "1", "2", "3", "4", "5"]),
        (0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
    ],
)
def test_ticks_are_round(high: float, ticks: list[str]) -> None:
    assert [said for _, said in scale(0, high, "s").ticks] == ticks


@given(st.floats(1e-9, 1e12))
def test_an_axis_reaches_its_value_without_waste(high: float) -> None:
    found = scale(0, high, "s")
    assert high <= found.high * (1 + 1e-9)
    assert found.high < 2.1 * high
    assert 2 <= len(found.ticks) <= MAX_TICKS + 1


def test_what_a_chart_shows_lies_where_its_values_are() -> None:
    chart = plot(
        [Line(((0, 0.0), (5, 0.5), (10, 1.0)), "after", is_stepped=True)],
        scale(0, 10, "seconds"),
        shares("answers"),
        'latency: <b>"x"</b>\u202e',
        dots=[Dot(5, 0.5, "after", "median 5 s", (0.25, 0.75))],
        level=0.9,
    )
    root = ElementTree.fromstring(chart)
    [line] = root.iter("polyline")
    assert line.get("points") == "0,1 5,1 5,0.5 10,0.5 10,0"
    assert [box.get("viewBox") for box in root.iter("svg")] == [None, "0 0 10.0 1"]
    [circle] = root.iter("circle")
    assert (circle.get("cx"), circle.get("cy")) == ("50.00%", f"{HEIGHT / 2:.1f}")
    assert circle.get("data-x") == "5"
    uprights = [n for n in root.iter("line") if n.get("class") == "after"]
    assert [(n.get("y1"), n.get("y2")) for n in uprights] == [("150.0", "50.0")]
    [level] = [n for n in root.iter("line") if n.get("class") == "budget"]
    assert level.get("y1") == "20.0"
    texts = [n.text for n in root.iter("text")]
    assert {"seconds", "answers", "0", "10", "25%", "100%"} <= set(texts)
    assert root[0].get("aria-label") == 'latency: <b>"x"</b>⟨U+202E⟩'
    assert not re.search(r"style=|nan|inf", chart)


def test_what_lies_beyond_an_axis_is_at_its_end() -> None:
    axis = scale(0, 10, "s")
    assert (axis.share(-5), axis.share(50)) == (0, 1)
