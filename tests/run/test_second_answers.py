"""Second answers: which cases are asked again, in which blocks, and what their verdicts change."""

from dataclasses import replace

import pytest

from harness.core.completion import Completion, Timing
from harness.core.errors import HarnessError
from harness.core.verdict import FailureCode, Verdict
from harness.engine.fake_host import FakeHost
from harness.records.runs import read_run, write_run
from harness.run.plan import PlannedTest, RunPlan
from harness.run.second_answers import SecondAnswers
from harness.run.session import Run
from tests.run.conftest import ADAPTER, BASE, timed

FAILED = Verdict.failed(FailureCode.SYNTAX, "x")


def batched(rows: int, flips: str = ""):
    """Answers of a model that decodes ``rows`` at once, and answers a case otherwise the second
    time."""

    def answer(ref, request) -> Completion:
        text = "bad" if request.again and request.case_id == flips else "good"
        own = 2 if request.again else rows
        return Completion(
            text, case_id=request.case_id, repeat=request.repeat, timing=Timing(0.1, 0.1, own)
        )

    return FakeHost(answer)


def run_of(host, *tests, cases: int = 50) -> Run:
    run = Run(RunPlan.of(tests), host)
    run.second = SecondAnswers(run.plan, run.answers, cases)
    return run


def judge(run: Run, subject, behavior: str = "json_validity") -> None:
    tally = run.verdicts.begin(subject, behavior, None)
    for completion in run.completions(subject):
        verdict = Verdict.passed() if completion.text == "good" else FAILED
        run.verdicts.add(tally, completion, verdict)
    for completion in run.second.to(subject):
        verdict = Verdict.passed() if completion.text == "good" else FAILED
        run.second.add(subject, behavior, completion, verdict)


def asked_again(host) -> list[str]:
    return [key for _, key in host.asked if key.endswith("/again")]


def wide(subject, cases: int):
    first = subject.task.cases[0]
    made = tuple(replace(first, id=f"case{n}") for n in range(cases))
    return replace(subject, task=replace(subject.task, cases=made, required=("json_validity",)))


@pytest.mark.parametrize(
    ("rows", "sizes"), [(30, [7, 7, 6]), (7, [3] * 6 + [2]), (None, [7, 7, 6])]
)
def test_cases_are_asked_in_blocks_of_another_size_and_order(base, rows, sizes):
    subject, host = wide(base, 30), batched(rows or 0)
    if rows is None:  # As answers out of the store.
        host.answer = lambda ref, request: "good"
    run = run_of(host, PlannedTest(subject), cases=20)
    run.completions(subject)
    if rows is not None:
        assert [len(b) for b in run.second.blocks(BASE)] == sizes
    again = asked_again(host)
    assert len(again) == len({*again}) == 20
    plan = [r.key for r in run.plan.requests[BASE]]
    places = [plan.index(key.removesuffix("/again")) for key in again]
    assert places != sorted(places)
    assert run.host.opened == [BASE]
    assert not run.host.is_open(BASE)


def test_a_suite_of_one_batch_is_asked_in_two(base):
    run = run_of(batched(4), PlannedTest(base))
    run.completions(base)
    assert [len(block) for block in run.second.blocks(BASE)] == [2, 2]


def test_runs_draw_the_same_cases_and_another_seed_others(base):
    def drawn(subject):
        run = run_of(batched(30), PlannedTest(subject), cases=5)
        run.completions(subject)
        return asked_again(run.host)

    subject = wide(base, 30)
    task = subject.task
    seeded = replace(subject, task=replace(task, sampling=replace(task.sampling, seed=1)))
    assert drawn(subject) == drawn(subject) != drawn(seeded)


def test_a_second_answer_has_the_seed_of_the_first(base):
    run = run_of(batched(4), PlannedTest(base))
    (first, *_), (second, *_) = run.plan.requests[BASE], run.second.blocks(BASE)
    same = next(r for r in run.plan.requests[BASE] if r.case_id == second[0].case_id)
    assert second[0].seed == same.seed
    assert second[0].key != same.key
    assert first.prompt_sha256


def test_they_enter_no_rate_and_the_record_names_what_flips(base, tmp_path):
    subject = wide(base, 20)
    run = run_of(batched(20, flips="case3"), PlannedTest(subject))
    judge(run, subject)
    record = run.record("complete", ())
    assert {r.rate for r in record.results} == {1.0}
    assert len(record.samples) == 20
    (noise,) = record.noise
    assert (noise.answers, noise.errors, noise.rows, noise.rows_again) == (20, 0, (20, 20), (2, 2))
    assert [(r.behavior, r.flipped, r.cases) for r in noise.rates] == [
        ("format_success_rate", 1, 20),
        ("json_validity", 1, 20),
    ]
    (flipped,) = noise.flipped
    assert (flipped.case_id, flipped.broke, flipped.fixed) == ("case3", ("json_validity",), ())
    assert flipped.is_composite
    assert read_run(write_run(record, tmp_path)).noise == record.noise


def test_answers_that_are_lost_are_counted_and_judged_by_nothing(base):
    def answer(ref, request):
        if request.again:
            raise OSError("gone")
        return "good"

    run = run_of(FakeHost(answer), PlannedTest(base))
    judge(run, base)
    (noise,) = run.record("complete", ()).noise
    assert (noise.answers, noise.errors) == (4, 4)


def test_several_timed_models_are_asked_again_before_they_are_timed(base, adapter):
    host = batched(4)
    run = run_of(host, *timed(base, adapter))
    for subject in (base, adapter):
        judge(run, subject)
        assert run.latency(subject) is not None
    kinds = [key.rpartition("/")[2] for _, key in host.asked]
    assert kinds == ["0"] * 4 + ["again"] * 4 + ["0"] * 4 + ["again"] * 4 + ["timed"] * 4
    assert [n.model for n in run.record("complete", ()).noise] == [str(BASE), str(ADAPTER)]


def test_a_model_that_does_not_open_is_not_asked(base):
    run = run_of(FakeHost(lambda ref, request: "x", unopened={BASE: "no file"}), PlannedTest(base))
    run.answer(BASE)
    assert run.record("complete", ()).noise == ()


def test_a_record_of_more_flips_than_cases_is_damaged(base, tmp_path):
    run = run_of(batched(4), PlannedTest(base))
    judge(run, base)
    file = write_run(run.record("complete", ()), tmp_path) / "run.json"
    file.write_text(file.read_text().replace('"flipped": 0', '"flipped": 9', 1))
    with pytest.raises(HarnessError, match=r"noise.*9.* of 4 cases cannot flip"):
        read_run(file.parent)
