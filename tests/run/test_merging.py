"""The runs of shards become one: which are refused, and what the merged run says of its models."""

from dataclasses import replace

import pytest

from harness.core.errors import HarnessError
from harness.core.machine_load import MachineLoad
from harness.core.measurement import Latency
from harness.core.record import RunRecord
from harness.core.shard import Shard
from harness.core.verdict import FailureCode, Verdict
from harness.engine.fake_host import FakeHost
from harness.gate.comparable import run_incompatibilities
from harness.gate.compare import Side
from harness.records.baselines import file_to_save
from harness.records.runs import read_run, write_run
from harness.run.mergeable import require_mergeable
from harness.run.merging import MergedShards
from harness.run.plan import RunPlan
from harness.run.session import Run
from harness.run.shards import part_of
from tests.run.conftest import ADAPTER, BASE, timed
from tests.same_record import comparable

CPU = {"cpu": {"model": "a", "usable": 2}, "harness": "1", "packages": {"torch": "2"}}
FAILED = Verdict.failed(FailureCode.SYNTAX, "x")


@pytest.fixture
def plan(base, adapter) -> RunPlan:
    return RunPlan.of(timed(base, adapter))


def judged(plan: RunPlan, host) -> Run:
    run = Run(plan, host)
    for ref in plan.requests:
        for subject in plan_subjects(plan, ref):
            tally = run.verdicts.begin(subject, "json_validity", None)
            for completion in run.completions(subject):
                verdict = FAILED if completion.case_id == "bee" else Verdict.passed()
                run.verdicts.add(tally, completion, verdict)
            run.latency(subject)
    return run


def plan_subjects(plan: RunPlan, ref):
    from harness.run.selection import Subject

    return [Subject(ref, task) for task in plan.tasks.values()]


def record_of(plan: RunPlan) -> RunRecord:
    host = FakeHost(lambda ref, request: f"{ref.kind} {request.case_id}")
    record = judged(plan, host).record("complete", ("pytest", "suites"))
    return replace(record, environment=CPU)


@pytest.fixture
def shards(plan) -> list[RunRecord]:
    return [
        replace(record_of(part_of(plan, Shard(n, 2, suites_sha256="s"))), id=f"part{n}")
        for n in (1, 2)
    ]


def by_case(timed) -> list:
    """Timed answers, whose order is that of the shards."""
    return sorted((t["model"], t["case_id"], t["tokens"]) for t in timed)


def merged(plan: RunPlan, shards) -> RunRecord:
    found = MergedShards(require_mergeable(shards))
    found.require_plan(plan, "s")
    assert [ref for ref, _ in found.models] == [BASE, ADAPTER]
    run = judged(plan, found.host())
    return found.completed(run.record("complete", ("pytest",)), plan)


def test_the_merged_record_is_that_of_the_undivided_run(plan, shards, tmp_path):
    found = merged(plan, shards[::-1])
    for name, record in (("a", found), ("b", record_of(plan))):
        write_run(replace(record, id=name), tmp_path)
    a, b = (comparable(tmp_path / name) for name in "ab")
    assert by_case(a.pop("timed")) == by_case(b.pop("timed"))
    assert a == b
    assert read_run(tmp_path / "a").shards == found.shards
    assert [s.run for s in found.shards] == ["part1", "part2"]
    assert [t.order for t in found.timed] == [0, 1, 2, 3]
    assert found.seconds == sum(run.seconds for run in shards)


def test_peaks_are_the_highest_and_times_the_sum(shards, plan):
    for n, run in enumerate(shards):
        model = replace(
            run.models[0],
            peak_memory_mb=100.0 + n,
            generate_seconds=2.0,
            warnings=("both", f"one {n}"),
            trained_cases={"echo": (("dog", "ant")[n],)},
        )
        load = MachineLoad(2, 0.1, 1.0 + n)
        shards[n] = replace(run, models=(model, *run.models[1:]), load=load)
    found = merged(plan, shards)
    model = found.models[0]
    assert (model.peak_memory_mb, model.generate_seconds) == (101.0, 4.0)
    assert model.trained_cases == {"echo": ("ant", "dog")}
    both, trained = model.warnings
    assert both == "both"
    assert "(ant, dog): their rates say nothing about new prompts" in trained
    assert found.load.highest == 2.0


@pytest.mark.parametrize("what", ["processor", "gpu"])
def test_times_of_unlike_machines_are_dropped(shards, plan, what):
    if what == "processor":
        shards[1] = replace(shards[1], environment={**CPU, "cpu": {"model": "b"}})
    else:
        models = [tuple(replace(m, device="cuda:0") for m in run.models) for run in shards]
        shards = [replace(run, models=own) for run, own in zip(shards, models, strict=True)]
    found = MergedShards(require_mergeable(shards))
    assert what in found.unmeasured.lower()
    run = judged(plan, found.host())
    record = found.completed(run.record("complete", ()), plan)
    assert record.timed == ()
    assert record.is_interleaved is None
    assert record.models[0].peak_memory_mb is None
    assert Latency.of(run.answers.to(BASE, plan.timed[BASE])) is None


def other_model(run: RunRecord, **changes) -> RunRecord:
    return replace(run, models=(replace(run.models[0], **changes), *run.models[1:]))


def other_shard(run: RunRecord, **changes) -> RunRecord:
    return replace(run, shard=replace(run.shard, **changes))


REFUSED = [
    (lambda r: [r[0]], "shard 2/2 is missing"),
    (lambda r: [r[1], r[1]], "there twice"),
    (lambda r: [*r, replace(r[1], id="x")], "2/2 is there twice, as run part2 and run x: leave"),
    (lambda r: [r[0], replace(r[1], shard=None)], "run part2: is no shard"),
    (lambda r: [r[0], other_shard(r[1], count=3)], "of two divisions"),
    (lambda r: [r[0], other_shard(r[1], plan_fingerprint="x")], "are shards of two plans"),
    (lambda r: [r[0], other_shard(r[1], suites_sha256="x")], "had other suites"),
    (lambda r: [r[0], replace(r[1], status="partial")], "2/2 .run part2.: was interrupted"),
    (lambda r: [r[0], other_model(r[1], error="no file")], "base:b: no file; run it again"),
    (lambda r: [r[0], other_model(r[1], weights_sha256="1")], "another model .*weights_sha256"),
    (lambda r: [r[0], other_model(r[1], dtype="float16")], "another model .*dtype"),
    (lambda r: [r[0], other_model(r[1], device="cuda:0")], "another model .*device"),
    (lambda r: [r[0], replace(r[1], environment={})], "ran with harness None and 1"),
    (
        lambda r: [r[0], replace(r[1], tasks=(replace(r[1].tasks[0], budgets={}),))],
        "had other tasks, budgets",
    ),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_runs_that_are_not_the_shards_of_one_are_refused_in_a_line(shards, change, said):
    with pytest.raises(HarnessError, match=said) as error:
        require_mergeable(change(shards))
    assert len(error.value.mistakes) == 1


def test_another_plan_and_other_suites_are_refused(plan, shards, base):
    found = MergedShards(require_mergeable(shards))
    with pytest.raises(HarnessError, match="the files of the suites are not those"):
        found.require_plan(plan, "t")
    with pytest.raises(HarnessError, match="the cases, prompts or decoding here are not those"):
        found.require_plan(RunPlan.of(timed(replace(base, case_id="ant"))), "s")


def test_a_shard_decides_no_budget_is_not_gated_and_is_no_baseline(shards, tmp_path):
    run = shards[0]
    assert {result.met for result in run.results} == {None}
    assert {result.rate is None for result in run.results} == {False}
    side = Side(run, run.models[0].ref)
    assert {found.kind for found in run_incompatibilities(side, side)} == {"partial"}
    with pytest.raises(HarnessError, match="is shard 1/2, a baseline is made of a whole run"):
        file_to_save("main", run, tmp_path)
