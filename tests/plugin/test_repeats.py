"""``--repeats N``: several sampled answers to each case, which count as one case."""

import json
from dataclasses import replace

import pytest

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import requests_for
from harness.core.verdict import FailureCode, Verdict
from harness.engine.model import EngineSettings
from harness.engine.process import RemoteModel
from harness.gate.compare import Side
from harness.gate.decision import decide, regressed_cases
from harness.gate.policy import GatePolicy
from harness.records.runs import read_run, write_run
from harness.report import html, junit, markdown
from harness.report import json as report_json
from harness.report.console.decision import of_task
from harness.report.report import report_on
from harness.report.words.decision import explanation
from harness.run.behavior import Tally, rate_result
from harness.tasks.task import load_task
from tests.models import TINY_QWEN2
from tests.project import GOOD, TASK, Project

BAD = "Sure! " + GOOD
SAMPLED = TASK.replace("max_new_tokens: 16", "max_new_tokens: 16, temperature: 0.9").replace(
    "0.75, no_extra_text: 0.75", "0.6, no_extra_text: 0.6"
)
ANSWERS = {
    "ant": [GOOD, GOOD, GOOD, GOOD],
    "bee": [GOOD, GOOD, BAD, BAD],
    "cat": [GOOD, GOOD, GOOD, BAD],
    "dog": [GOOD, BAD, BAD, BAD],
}
"""10 of 16 pass; of any four answers one passes in every case, all in one case of four."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("repeats"))
    project.task("echo", SAMPLED)
    project.bundled_suite("test_json_validity.py")
    project.bundled_suite("test_no_extra_text.py")
    project.store(ANSWERS)
    return project


@pytest.fixture(scope="module")
def done(project: Project):
    return project.pytest("suites", "--model", "record:stored/stored", "--repeats", "4")


PASSED, FAILED = Verdict.passed(), Verdict.failed(FailureCode.SYNTAX, "x")


def test_a_rate_averages_within_the_case() -> None:
    """One case of 1 of 2, one of 2 of 2: (1/2 + 1) / 2, whatever the number of answers."""
    judged = [("a", PASSED), ("a", FAILED), ("b", PASSED), ("b", PASSED)]
    result = rate_result("m", "t", "b", judged, 0.75, {})
    assert (result.passed, result.failed, result.cases, result.repeats) == (3, 1, 2, 2)
    assert (result.rate, result.met) == (0.75, True)
    assert (result.pass_at_k.rate, result.pass_hat_k.rate) == (1.0, 0.5)


def test_cases_weigh_alike_when_answers_were_skipped() -> None:
    judged = [*[("a", PASSED)] * 3, ("b", FAILED), *[("b", Verdict.skipped("x"))] * 2]
    result = rate_result("m", "t", "b", judged, None, {})
    assert (result.rate, result.skipped, result.cases) == (0.5, 2, 2)
    assert result.pass_at_k is None, "pass@3 is not measured of one answer"


def test_more_answers_to_the_same_cases_do_not_narrow_the_interval() -> None:
    def interval(repeats: int) -> tuple[float, float]:
        judged = [(str(i), v) for i, v in enumerate([PASSED, FAILED] * 20) for _ in range(repeats)]
        return rate_result("m", "t", "b", judged, None, {}).interval

    assert interval(8) == pytest.approx(interval(1))


def test_the_record_holds_every_answer_and_the_shares_of_cases(project: Project, done) -> None:
    assert done.code == 0, done.out
    run = project.runs()[0]
    assert [(s.case_id, s.repeat) for s in run.samples] == [
        (c, k) for c in ANSWERS for k in range(4)
    ]
    assert [s.completion.text for s in run.samples] == [a for own in ANSWERS.values() for a in own]
    assert (run.tasks[0].cases, run.tasks[0].repeats) == (4, 4)
    for result in run.results:
        assert result.rate == pytest.approx(10 / 16)
        assert (result.cases, result.repeats, result.passed, result.failed) == (4, 4, 10, 6)
        assert (result.pass_at_k.rate, result.pass_hat_k.rate) == (1.0, 0.25)
        low, high = result.interval
        assert low < 0.33, "of 4 cases, not of 16 answers"
        assert high > 0.85
    assert read_run(write_run(run, project.root / "again")) == run


def test_the_table_shows_pass_at_k_and_pass_hat_k(done) -> None:
    assert "4 cases, T=0.9, 4 answers to each" in done.out
    lines = done.out.splitlines()
    first = lines.index("of 4 answers to a case any passes (pass@4), all pass (pass^4)")
    heading, model, row = (line.split() for line in lines[first + 1 : first + 4])
    assert heading == ["pass@4", "95%", "interval", "pass^4", "95%", "interval"]
    assert model == ["record:stored/stored"]
    assert " ".join(row) == "format_success_rate 100.0% 39.8 to 100.0% 25.0% 0.6 to 80.6%"
    assert any("pass@1" in line and "95% interval" in line for line in lines)
    assert all(len(line) <= 80 for line in lines[first : first + 6])


def test_the_page_says_how_often_any_and_all_answers_pass(project: Project, done) -> None:
    assert done.code == 0, done.out
    page = " ".join(html.render(report_on(project.runs()[0])).split())
    assert '<span class="interval">pass@4 100.0%, pass^4 25.0%</span>' in page


def test_a_budget_is_held_against_the_mean(project: Project) -> None:
    model = project.store({**ANSWERS, "ant": [BAD] * 4}, "missed")
    done = project.pytest("suites", "--model", model, "--repeats", "4")
    assert done.code == 1
    assert "json_validity: 6 of 16 completions pass (4 to each of 4 cases), 37.5%" in done.out


def test_examples_are_of_different_cases() -> None:
    tally = Tally("m", "t", "b", 0.9)
    for length, case in ((2, "a"), (2, "a"), (3, "a"), (9, "b"), (5, "c")):
        tally.add(Completion("x" * length, case_id=case), FAILED)
    shown = [(c.case_id, len(c.text)) for c, _ in tally.failures(4)]
    assert shown == [("a", 2), ("c", 5), ("b", 9), ("a", 2)]


def test_one_item_per_case_holds_the_case_s_own_rate(project: Project) -> None:
    """Of ``bee`` half pass and of ``dog`` a quarter, where 60% must."""
    done = project.pytest(
        "suites/test_json_validity.py", "--model", "record:stored/stored", "--repeats", "4",
        "--per-case", "-rf",
    )  # fmt: skip
    assert done.counts() == {"failed": 2, "passed": 2}
    assert "json_validity: 2 of 4 completions pass (4 to the one case), 50.0%" in done.out
    failed = [line for line in done.out.splitlines() if line.startswith("FAILED")]
    assert ["bee]" in failed[0], "dog]" in failed[1]] == [True, True]


def test_more_repeats_than_were_stored_are_errors_and_k_is_not_measured(project: Project) -> None:
    done = project.pytest("suites", "--model", "record:stored/stored", "--repeats", "6")
    assert done.code == 1
    assert "cannot judge: 8 of 24 are errors" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--temperature", "0"],
            "--repeats 4: at temperature 0 every answer to a case is the same, in echo: add --temp",
        ),
        (["--generate", "5"], "asks each drawn case once, leave out --repeats"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(project: Project, arguments, message) -> None:
    done = project.pytest("suites", "--model", "record:stored/stored", "--repeats", "4", *arguments)
    assert done.code == 4
    assert message in done.out + done.err


def test_a_comparison_averages_within_the_case(project: Project, done) -> None:
    """Three of the four answers to ``ant`` break."""
    before = project.runs()[0]
    samples = tuple(
        replace(s, verdicts=dict.fromkeys(s.verdicts, FAILED)) if 0 < i < 4 else s
        for i, s in enumerate(before.samples)
    )
    ref = before.models[0].ref
    sides = (Side(before, ref), Side(replace(before, samples=samples), ref))
    (task,) = decide(*sides, GatePolicy()).tasks
    found = task.composite
    assert (found.pairs, found.repeats, found.broke, found.fixed) == (4, 4, 1, 0)
    assert (found.before, found.after) == (10 / 16, 7 / 16)
    assert [c.sample.case_id for c in regressed_cases(task)] == ["ant"]
    assert "  broke (1): ant" in list(of_task(task))


def test_answers_that_swap_places_broke_nothing_and_a_pinned_case_fails_by_most(
    project: Project, done
) -> None:
    run = project.runs()[0]

    def answered(passes: str) -> Side:
        """One pinned case, each answer of which passes or fails."""
        samples = [
            replace(
                sample,
                must_pass=True,
                verdicts=dict.fromkeys(sample.verdicts, PASSED if mark == "+" else FAILED),
            )
            for sample, mark in zip(run.samples, passes, strict=False)
        ]
        return Side(replace(run, samples=tuple(samples)), run.models[0].ref)

    for after, broke, pinned in (
        ("-+++", [], ()),
        ("+--+", ["ant"], ()),
        ("+---", ["ant"], ("ant",)),
    ):
        (task,) = decide(answered("+++-"), answered(after), GatePolicy(allow=("cases",))).tasks
        assert [c.sample.case_id for c in regressed_cases(task)] == broke
        assert task.pinned == pinned


def test_any_k_is_told_up_to_the_answers_and_not_measured_beyond(project: Project, done) -> None:
    """Of 2 of 4 answers any passes with 1, 5/6, 1, 1/2, all do with 1, 1/6, 1/2, 0."""
    run = project.runs()[0]
    side = Side(run, run.models[0].ref)

    def said(k: int) -> list[str]:
        lines = explanation(decide(side, side, GatePolicy(k=k)))
        return [line for line in lines if line.startswith("pass")]

    any_of, all_of = said(2)
    assert any_of.startswith("pass@2 (any of 2 answers passes): 83.3% (")
    assert all_of.startswith("pass^2 (all 2 pass): 41.7% (")
    assert said(5) == [
        "pass@5 (any of 5 answers passes): not measured, it takes 5 judged answers to every case.",
        "pass^5 (all 5 pass): not measured, it takes 5 judged answers to every case.",
    ]


def test_every_format_tells_all_answers(project: Project, done) -> None:
    run = project.runs()[0]
    both = report_on(run, run, policy=GatePolicy())
    answers = [f'name="{c}{f"#{k}" if k else ""}"' for c in ANSWERS for k in range(4)]
    assert all(junit.render(both).count(name) == 1 for name in answers)
    assert len(json.loads(report_json.render(both))["comparisons"][0]["cases"]) == 16
    assert "Each case was answered 4 times; its answers count as one case." in markdown.render(both)
    assert "all 4 pass" in markdown.render(both)
    alone = markdown.render(report_on(run)).splitlines()
    row = next(line for line in alone if "json" in line and "80.6%" in line)
    assert row.endswith("| 100.0% | 39.8 to 100.0% | 25.0% | 0.6 to 80.6% |")
    assert html.render(both)


def test_another_number_of_answers_is_not_comparable(project: Project, done) -> None:
    before = project.runs()[0]
    once = tuple(s for s in before.samples if not s.repeat)
    ref = before.models[0].ref
    sides = (Side(before, ref), Side(replace(before, samples=once), ref))
    decision = decide(*sides, GatePolicy())
    assert decision.exit_code == 11
    assert decision.refused[0].what == "each case was answered 4 times before, 1 times after"
    allowed = decide(*sides, GatePolicy(allow=("cases",)))
    assert allowed.tasks[0].composite.pairs == 4


@pytest.mark.slow
def test_a_model_gives_each_answer_with_a_seed_of_its_own(project: Project) -> None:
    task = load_task(project.root / "tasks/echo")
    sampling = replace(task.sampling, temperature=2.0)
    model = RemoteModel(
        ModelRef("base", str(TINY_QWEN2)), EngineSettings(device="cpu", threads=1), stays_open=True
    )
    requests = requests_for("echo", task.cases, sampling, repeats=3)
    try:
        first, second = ({r.key: c.text for r, c in model.answers(requests)} for _ in range(2))
    finally:
        model.close()
    assert len(first) == 12
    assert first == second, "the same seeds, the same answers"
    assert len(set(first.values())) > 8
