"""Cases that flip without any change of the model."""

import json
from dataclasses import replace

import pytest

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.noise import noise_between, noise_of_repeats
from harness.gate.policy import GatePolicy
from harness.report import html
from harness.report.json import content, render
from harness.report.report import report_on, with_noise
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
