"""Cases that flip without any change of the model."""

import json
from dataclasses import replace

import pytest

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.noise import batch_noise, flip_rate, noise_between, noise_of_repeats
from harness.gate.policy import GatePolicy
from harness.report import html, markdown
from harness.report.json import content, render
from harness.report.report import report_on, with_noise
from harness.report.words.decision import explanation
from harness.report.words.noise import lines
from tests.gating import FIRST, SECOND, run_of
from tests.synthetic import ADAPTER, TASK, record

AGAIN = "20261118-080000-cccc"


def repeated(run: RunRecord, *more: RunRecord) -> RunRecord:
    """The run's answers, and those of the others as its repeats."""
    samples = [replace(s, repeat=i) for i, r in enumerate((run, *more)) for s in r.samples]
    return replace(run, samples=tuple(samples))


def test_flips_between_two_runs_of_one_model() -> None:
    before, again = (
        run_of([True, False, True, False], FIRST),
        run_of([True, True, False, False], AGAIN),
    )
    found = noise_between(Side(before, ADAPTER), Side(again, ADAPTER))
    assert found.cases(TASK) == {"pay-0002", "pay-0003"}
    assert found.tasks[TASK].judged == 4
    assert found.cases("another") == frozenset()


def test_repeats_that_disagree_flip() -> None:
    run = repeated(run_of([True, False, True], FIRST), run_of([True, False, False], AGAIN))
    found = noise_of_repeats(Side(run, ADAPTER))
    assert found is not None
    assert found.cases(TASK) == {"pay-0003"}
    assert noise_of_repeats(Side(run_of([True], FIRST), ADAPTER)) is None


def test_the_page_labels_them_and_says_the_rate() -> None:
    before, after = run_of([True] * 40, FIRST), run_of([False] * 2 + [True] * 38, SECOND)
    again = run_of([False] + [True] * 39, AGAIN)
    report = with_noise(report_on(before, after, policy=GatePolicy()), again)
    page = html.render(report)
    assert page.count('<span class="noisy">flips by itself</span>') == 1
    said = f"A/A: 1 of 40 cases (2.5%) flips with nothing changed: run {AGAIN} of the same model."
    assert said in page
    found = content(report)
    assert found["noise"] == {
        "source": f"run {AGAIN} of the same model",
        "tasks": {TASK: {"judged": 40, "flipped": ["pay-0001"]}},
    }
    assert report.decision is not None
    assert report.decision.policy.noise_floor == 1 / 40
    assert "flips by itself</span>" not in html.render(report_on(before, after))


def test_noise_needs_a_pair_and_a_model() -> None:
    alone = run_of([True], FIRST)
    with pytest.raises(HarnessError, match=r"--noise: run .* is not compared with another"):
        with_noise(report_on(alone), alone)
    with pytest.raises(HarnessError, match=r"--noise: run .* records no model"):
        with_noise(report_on(record(2)), replace(alone, models=()))
    with pytest.raises(HarnessError, match=r"judged none of the cases that base:models/tiny was"):
        with_noise(report_on(record(2)), replace(alone, samples=()))


def test_noise_is_json() -> None:
    before, after = run_of([True] * 4, FIRST), run_of([True] * 4, SECOND)
    report = with_noise(report_on(before, after), run_of([False, True, False, True], AGAIN))
    assert report.noise is not None
    assert json.loads(render(report))["noise"] == {
        "source": report.noise.source,
        "tasks": {TASK: {"judged": 4, "flipped": ["pay-0001", "pay-0003"]}},
    }


def with_second_answers(run: RunRecord, again: RunRecord) -> RunRecord:
    """The run with the noise that it would have measured by the answers of ``again``."""
    return replace(run, noise=(batch_noise(Side(run, ADAPTER), Side(again, ADAPTER)),))


def flipping(*flips: int, cases: int = 40) -> RunRecord:
    return run_of([n not in flips for n in range(cases)], AGAIN)


def test_a_runs_own_second_answers_are_the_floor_that_a_run_again_would_be() -> None:
    before, after = run_of([True] * 40, FIRST), run_of([False] * 2 + [True] * 38, SECOND)
    again = flipping(3)
    other = with_noise(report_on(before, after, policy=GatePolicy()), again)
    own = report_on(with_second_answers(before, again), after, policy=GatePolicy())
    assert own.decision is not None
    assert other.decision is not None
    assert own.decision.policy == other.decision.policy
    assert own.decision.policy.noise_floor == 1 / 40
    assert own.decision.tasks[0].composite == other.decision.tasks[0].composite
    assert own.noise is not None
    assert other.noise is not None
    assert own.noise.tasks == other.noise.tasks
    assert flip_rate(Side(before, ADAPTER), Side(again, ADAPTER)) == 1 / 40


def test_a_policys_own_floor_and_the_noise_of_the_later_run_leave_it() -> None:
    before, after = run_of([True] * 40, FIRST), run_of([True] * 40, SECOND)
    noisy = with_second_answers(before, flipping(3))
    own = report_on(noisy, after, policy=GatePolicy(noise_floor=0.1)).decision
    assert own is not None
    assert own.policy.noise_floor == 0.1
    later = with_second_answers(after, flipping(3))
    found = report_on(before, later, policy=GatePolicy()).decision
    assert found is not None
    assert found.policy.noise_floor == 0


def test_nothing_that_flips_is_a_bound_and_never_no_noise() -> None:
    before = with_second_answers(run_of([True] * 50, FIRST), flipping(cases=50))
    report = report_on(before, run_of([True] * 50, SECOND), policy=GatePolicy())
    assert report.decision is not None
    said = "Noise: of the model before, answered again in other batches, 0 of 50 flipped, at most"
    assert any(line.startswith(f"{said} 7.1%") for line in explanation(report.decision))
    page = html.render(report)
    assert "A/A: 0 of 50 flipped, at most 7.1%, with nothing changed" in page
    assert [*lines(before.noise[0])] == [
        "noise: 50 answers generated again in batches of 16 rows, at first of 16",
        f"{TASK}: format_success_rate and 4 others: 0 of 50 flipped, at most 7.1%",
    ]


def test_what_flips_is_told_with_its_interval_and_its_cases() -> None:
    run = with_second_answers(run_of([True] * 50, FIRST), flipping(3, 7, cases=50))
    _, composite, *_, edge = lines(run.noise[0])
    assert composite == (
        f"{TASK}: format_success_rate: 2 of 50 flipped: 4.0% (95% interval 0.5 to 13.7%)"
    )
    assert edge.startswith("on the knife's edge: pay-0004 (")
    assert "pay-0008 (" in edge
    assert run.noise[0].flipped[0].broke
    assert json.loads(render(report_on(run)))["runs"][0]["noise"][0]["answers"] == 50
    assert "2 of 50 flipped: 4.0%" in markdown.render(report_on(run))
