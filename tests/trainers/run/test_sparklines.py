"""A curve is one line of bars, however many points it has."""

from trainers.run.sparklines import BARS, short_sparklines, sparklines

FORMAT = "format_success_rate"


def points(count: int) -> list:
    from trainers.run.curve import CurvePoint

    return [
        CurvePoint(i, 0.0, loss=float(count - i), behaviors={FORMAT: {"rate": i / count}})
        for i in range(count)
    ]


def test_losses_fall_and_rates_rise() -> None:
    assert sparklines(points(4)) == [
        ("curve", "loss █▆▃▁ 4.0000 to 1.0000"),
        ("curve", "format_success_rate ▁▃▆█ 0% to 75%"),
    ]
    assert short_sparklines(points(4)) == "loss █▆▃▁ 1.0000  format ▁▃▆█ 75%"


def test_many_points_are_thinned() -> None:
    for name, line in sparklines(points(1_000)):
        assert name == "curve"
        assert len(line.split(" ")[1]) == BARS
    assert len(short_sparklines(points(1_000))) <= 80


def test_one_point_is_no_curve() -> None:
    assert sparklines(points(1)) == []
    assert sparklines([]) == []
    assert short_sparklines([]) == ""
