"""Lines of progress come by the clock or by answers, and say how long it will take."""

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.events import Answered, Stepped
from harness.run import progress_lines
from harness.run.progress_lines import Counts, ProgressLines, duration

REF = ModelRef("base", "x")
ANSWER = Answered(REF, Request("t", "a", (Message("user", "x"),), Sampling()), Completion("y"))


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_short_work_has_no_line(clock):
    lines: list[str] = []
    with ProgressLines(lines.append, clock).showing("base:x", 3) as take:
        for _ in range(3):
            clock.seconds += 5
            take(ANSWER)
    assert lines == []


def test_a_line_has_answers_rate_and_time_left(clock):
    lines: list[str] = []
    with ProgressLines(lines.append, clock).showing("base:x", 300) as take:
        clock.seconds = 10
        take(Stepped(REF, 0, 0))
        clock.seconds = 40
        take(Stepped(REF, 3000, 30))
        clock.seconds = 50
        take(Stepped(REF, 1000, 0))
    assert lines == ["base:x: 30 of 300 answers, 100 tokens/s, 4:30 left"]


def test_many_answers_are_a_line_whatever_the_time(clock, monkeypatch):
    monkeypatch.setattr(progress_lines, "LINE_ANSWERS", 2)
    lines: list[str] = []
    with ProgressLines(lines.append, clock).showing("base:x", 4) as take:
        for _ in range(4):
            clock.seconds += 1
            take(ANSWER)
    assert lines == ["base:x: 2 of 4 answers, 0:01 left", "base:x: 4 of 4 answers, 0:00 left"]


def test_many_short_steps_are_told_of_as_one_long_one_is(clock):
    lines: list[str] = []
    shown = ProgressLines(lines.append, clock)
    for _ in range(8):
        with shown.showing("base:x, smaller prompts", 2) as take:
            clock.seconds += 10
            take(ANSWER)
    assert len(lines) == 2


def test_a_model_that_says_nothing_is_told_of(clock):
    lines: list[str] = []
    shown, counts = ProgressLines(lines.append, clock), Counts("base:x", 3, clock)
    clock.seconds = 90
    shown.look(counts)
    assert lines == ["base:x: no answer yet after 1:30"]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (65, "1:05"), (7385, "2:03:05")])
def test_durations(seconds, text):
    assert duration(seconds) == text
