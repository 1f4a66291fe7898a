"""The machine's load is kept with a run, and said where times mean little for it."""

import pytest

from harness.core.machine_load import MachineLoad
from harness.engine.fake_host import FakeHost
from harness.run.load import LoadWatch
from harness.run.plan import RunPlan
from harness.run.session import Run
from tests.run.conftest import BASE, timed


@pytest.mark.parametrize(
    ("cores", "before", "highest", "note"),
    [
        (2, 0.1, 3.9, ""),
        (2, 0.1, 13.2, "2 cores, load 13: times mean little"),
        (2, 13.2, 2.0, "2 cores, load 13: times mean little"),
        (16, 2.0, 13.2, ""),
        (1, 5.0, None, "1 core, load 5: times mean little"),
        (2, None, None, ""),
    ],
)
def test_a_machine_is_busy_where_others_take_more_than_a_run_does(cores, before, highest, note):
    assert MachineLoad.of(cores, before, highest) == MachineLoad(cores, before, highest, note)


def test_the_highest_load_of_a_run_counts(base):
    loads = iter([1.0, 7.5, 2.0, None])
    watch = LoadWatch(0.5, lambda: next(loads))
    for _ in range(3):
        watch.look()
    assert (watch.before, watch.highest) == (0.5, 7.5)
    assert watch.result().highest == 7.5


def test_a_record_holds_the_load_before_and_during_its_run(base):
    run = Run(RunPlan.of(timed(base)), FakeHost(lambda ref, request: "x"))
    values = iter([3.0, 9.0, *[1.0] * 99])
    run.load._read = lambda: next(values)
    run.answer(BASE)
    record = run.record("complete", ())
    assert record.load.highest == 9.0
    assert record.load.before == run.plan.start.load
    assert run.outline(()).load.highest == 9.0
