"""The bar fits into a terminal of 80 columns."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from trainers.run.progress import clock


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (63, "1:03"), (3723, "1:02:03")])
def test_time_left_reads_like_a_clock(seconds: int, text: str) -> None:
    assert clock(seconds) == text


def test_every_number_is_on_one_line_of_80_columns() -> None:
    from trainers.run.curve import Curve, CurvePoint
    from trainers.run.progress import ProgressShow

    screen = io.StringIO()
    curve = Curve()
    show = ProgressShow(Console(file=screen, force_terminal=True, width=80), curve)
    state = SimpleNamespace(global_step=190, max_steps=200)
    curve.points.append(CurvePoint(190, 80.0, 0.0123, 1.5e-4, 0.25))
    curve.points.append(CurvePoint(190, 81.0, eval_loss=0.0234))
    show.on_train_begin(None, state, None)
    show.on_log(None, state, None)
    show.on_step_end(None, state, None)
    show.close()
    last = screen.getvalue().rsplit("190/200", 1)[1]
    for part in ("loss 0.0123", "val 0.0234", "lr 1.5e-04", "grad 0.25", "s/step", "0:00 left"):
        assert part in last
