"""A run over a fake host: who is asked what and when, and what becomes of it."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.plan import Request
from harness.engine.events import Answered, ModelClosed, ModelOpened
from harness.engine.fake_host import FakeHost
from harness.engine.host import ModelHost
from harness.run import interleaving
from harness.run.plan import PlannedTest, RunPlan
from harness.run.progress import Progress
from harness.run.session import Run
from tests.run.conftest import ADAPTER, BASE, timed

CASES = ("ant", "bee", "cat", "dog")


def echo(ref, request: Request) -> str:
    return request.case_id


def run_of(*tests: PlannedTest, host: ModelHost | None = None, **more) -> Run:
    return Run(RunPlan.of(tests), host or FakeHost(echo), **more)


def asked(run: Run) -> list[str]:
    return [f"{ref.kind} {key}" for ref, key in run.host.asked]


# Answering


def test_a_model_answers_its_plan_once_and_only_when_it_is_asked_for(base, adapter):
    run = run_of(PlannedTest(base), PlannedTest(adapter))
    assert run.host.asked == []
    assert [c.text for c in run.completions(base)] == list(CASES)
    run.completions(base)
    assert run.answer(BASE).ref == "base:b"
    assert asked(run) == [f"base echo/{case}/0" for case in CASES]
    assert run.host.opened == [BASE]
    assert not run.host.is_open(BASE)


def test_a_model_that_does_not_open_has_its_reason_and_no_answer(base):
    run = run_of(PlannedTest(base), host=FakeHost(echo, {BASE: "no weights"}))
    assert run.answer(BASE).error == "no weights"
    assert run.completions(base) == []
    assert not run.is_cut
    run.answer(BASE)
    assert run.host.asked == []


def test_models_that_are_not_in_the_plan_are_ended(base, adapter):
    host = FakeHost(echo)
    for ref in (BASE, ADAPTER):
        list(host.answers(ref, [], keep_open=True))
    run_of(PlannedTest(base), host=host)
    assert not host.is_open(ADAPTER)


def test_every_subscriber_takes_every_event_when_the_answers_have_it(base):
    run = run_of(PlannedTest(base))
    seen = []
    run.subscribers.append(lambda event: seen.append((type(event), len(run.answers.completions))))
    run.answer(BASE)
    assert seen == [
        (ModelOpened, 0),
        *[(Answered, n) for n in (1, 2, 3, 4)],
        (ModelClosed, 4),
    ]


class Interrupted(Progress):
    """As a user does with Ctrl-C while the second answer is shown; notes when it is over."""

    def __init__(self) -> None:
        self.shown, self.has_ended = 0, False

    @contextmanager
    def showing(self, what, requests):
        try:
            yield self.show
        finally:
            self.has_ended = True

    def show(self, event) -> None:
        self.shown += isinstance(event, Answered)
        if self.shown == 2:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_the_answers_so_far_and_leaves_no_model_open(base):
    progress = Interrupted()
    run = run_of(PlannedTest(base), progress=progress)
    with pytest.raises(KeyboardInterrupt):
        run.answer(BASE)
    assert progress.has_ended
    assert not run.host.is_open(BASE)
    assert run.is_cut
    assert [c.text for c in run.completions(base)] == ["ant", "bee"]
    assert run.host.opened == [BASE], "it is not asked again"
    assert run.record("partial", ()).models[0].weights_sha256


# Timing


def test_one_model_is_timed_with_the_rest_of_its_plan(base):
    run = run_of(*timed(base))
    measured = run.latency(base)
    assert measured.seconds == (0.2, 0.2)
    assert asked(run)[4:] == ["base echo/ant/0/timed", "base echo/bee/0/timed"]
    assert run.host.opened == [BASE]
    assert not run.is_cut
    assert run.record("complete", ()).is_interleaved is None


@pytest.fixture
def fits(monkeypatch):
    """A fake model does not say how much memory it takes."""
    monkeypatch.setattr(interleaving, "fit_together", lambda models: True)


@pytest.mark.usefixtures("fits")
def test_several_models_are_timed_in_turns_when_all_have_answered_the_rest(base, adapter):
    run = run_of(*timed(base, adapter))
    run.completions(base)
    assert len(run.host.asked) == 4
    assert run.latency(base).seconds == (0.2, 0.2)
    assert asked(run)[4:] == [
        *[f"adapter echo/{case}/0" for case in CASES],
        "base echo/ant/0/timed", "adapter echo/ant/0/timed",
        "adapter echo/bee/0/timed", "base echo/bee/0/timed",
    ]  # fmt: skip
    # The adapter waited with its process; the base had to be opened again.
    assert run.host.opened == [BASE, ADAPTER, BASE]
    assert run.latency(adapter).seconds == (0.2, 0.2)
    assert len(run.host.asked) == 12
    assert not run.is_cut
    assert run.record("complete", ()).is_interleaved is True


def test_models_that_may_not_fit_are_timed_one_after_the_other_the_open_one_first(base, adapter):
    run = run_of(*timed(base, adapter))
    run.latency(base)
    assert [key.partition(" ")[0] for key in asked(run)[8:]] == ["adapter"] * 2 + ["base"] * 2
    assert run.record("complete", ()).is_interleaved is False


@pytest.mark.usefixtures("fits")
def test_a_model_that_does_not_open_leaves_the_other_timed_alone(base, adapter):
    run = run_of(*timed(base, adapter), host=FakeHost(echo, {BASE: "no weights"}))
    assert run.latency(adapter).seconds == (0.2, 0.2)
    assert run.latency(base) is None
    assert run.record("complete", ()).is_interleaved is None
    assert not run.is_cut


def test_timing_that_was_not_reached_is_not_missing(base, adapter):
    """As with ``-x``: everything that was asked for was answered."""
    run = run_of(*timed(base, adapter))
    run.completions(base)
    run.completions(adapter)
    assert not run.is_cut


def test_a_model_that_is_replaced_before_it_is_timed_is_an_error_of_a_partial_run(base, adapter):
    run = run_of(*timed(base, adapter))
    run.answer(BASE)
    run.answer(ADAPTER)
    run.host.weights_sha256 = "1" * 64
    assert run.latency(base) is None
    assert "was replaced during the run" in run.answers.models[BASE].error
    assert run.answers.models[BASE].weights_sha256 == "0" * 64
    assert [c.text for c in run.completions(base)] == list(CASES), "the first model's answers"
    assert run.is_cut


def test_models_that_are_asked_more_stay_open_and_are_timed_one_by_one(base, adapter):
    run = run_of(*timed(base, adapter), has_followups=True)
    run.answer(BASE)
    assert run.host.is_open(BASE)
    run.answer(ADAPTER)
    assert (run.host.is_open(BASE), run.host.is_open(ADAPTER)) == (False, True)
    assert [key.split()[0] for key in asked(run)] == ["base"] * 6 + ["adapter"] * 6


def test_memory_is_known_where_it_was_measured(base):
    run = run_of(PlannedTest(base))
    assert run.memory(base) is None, "a fake has none"
    model = run.answers.models[BASE]
    for changes, expected in (
        ({"peak_memory_mb": 80.0}, 80.0),
        ({"peak_memory_mb": 80.0, "is_measurable": False}, None),
    ):
        run.answers.models[BASE] = replace(model, **changes)
        found = run.memory(base)
        assert (found and found.peak_memory_mb) == expected


def test_a_backend_that_loses_answers_is_whole_with_errors(base):
    lost = Completion("", FinishReason.ERROR, error="it died")
    run = run_of(PlannedTest(base), host=FakeHost(lambda ref, request: lost))
    assert [c.error for c in run.completions(base)] == ["it died"] * 4
    assert not run.is_cut


def test_why_no_timed_request_was_answered_is_known(base):
    def fails_when_timed(ref, request):
        if request.timed:
            raise HarnessError("the machine is on fire")
        return echo(ref, request)

    run = run_of(*timed(base), host=FakeHost(fails_when_timed))
    assert run.latency(base) is None
    assert run.timing_error(base) == "the machine is on fire"
    assert run_of(*timed(base)).timing_error(base) is None
