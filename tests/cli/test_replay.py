"""``harness replay``, over stored answers: another stored run is the model that is asked."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.completion import Completion
from harness.core.logprobs import Logprobs
from harness.core.record import Counterexample
from harness.core.verdict import FailureCode, Verdict
from harness.records.runs import read_run, write_run
from tests.project import GOOD, Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    project.store(GOOD, "first")
    project.store({"ant": "Sure! " + GOOD, "bee": "\x1b[2J ::error::x"}, "second")
    return project


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["replay", *arguments, "--report-dir", "stored"])


def test_the_same_answer_is_said_to_be_the_same(project: Project) -> None:
    result = replay("first", "ant", "--model", "record:stored/first")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "case ant of echo, run first",
        "  before  base:somewhere",
        "  after   record:stored/first",
        "  before  13 characters, 0 tokens, ended by itself",
        "  after   13 characters, 0 tokens, ended by itself",
        f"The same, character by character: {GOOD}",
        "Every verdict is as it was: 9 passed.",
    ]


def test_what_changed_is_marked(project: Project) -> None:
    result = replay("first", "ant", "--model", "record:stored/second")
    assert f"Different: {{+Sure! +}}{GOOD}" in result.output.splitlines()


def test_the_answer_is_judged_again(project: Project) -> None:
    lines = replay("first", "ant", "--model", "record:stored/second").output.splitlines()
    assert lines[-4:] == [
        "2 verdicts changed:",
        "  json_validity  passed -> failed (text_before): expected nothing before the JSON, found "
        "text: Sure!",
        "  no_extra_text  passed -> failed (text_before): expected nothing before the JSON, found "
        "text: Sure!",
        "Every other verdict is as it was: 7 passed.",
    ]


def test_it_says_where_the_checks_of_today_judge_otherwise_than_the_run(project: Project) -> None:
    run = read_run(project.root / "stored/first")
    wrong = Verdict.failed(FailureCode.SYNTAX, "as it was judged then")
    judged = {"json_validity": wrong, "is_short": Verdict.passed()}
    samples = tuple(replace(s, verdicts=judged) for s in run.samples)
    write_run(replace(run, samples=samples), project.root / "stored")
    lines = replay("first", "ant", "--model", "record:stored/first").output.splitlines()
    assert "  json_validity  failed (syntax) -> passed" in lines
    assert lines[-2:] == [
        "The run's own answer is judged otherwise today than then: json_validity.",
        "Judged by pytest alone: is_short.",
    ]


def test_without_its_task_an_answer_is_shown_and_not_judged(project: Project) -> None:
    result = replay("first", "ant", "--model", "record:stored/first", "--tasks-dir", "none")
    assert result.exit_code == 0
    assert "Not judged: none/echo: is no task" in result.output.splitlines()[-1]


def test_one_of_several_answers(project: Project) -> None:
    project.store({"ant": [GOOD, "no"]}, "several")
    arguments = ("several", "ant", "--model", "record:stored/several")
    result = replay(*arguments, "--repeat", "1")
    assert "case ant of echo, answer 1, run several" in result.output
    assert "The same, character by character: no" in result.output
    result = replay(*arguments, "--repeat", "2")
    assert result.exit_code == 2
    assert "--repeat 2: case 'ant' has the answers 0, 1" in result.output


def test_a_drawn_case_and_a_counterexample_are_judged_by_their_own_prompts(
    project: Project,
) -> None:
    run = read_run(project.root / "stored/first")
    drawn = replace(run.samples[0], case_id="echo-g1", variables={"word": "zebra"})
    small = Counterexample(
        "json_validity", replace(drawn, case_id="echo-g1-small"), "echo-g1", 1, 1, False
    )
    write_run(
        replace(run, id="drawn", samples=(drawn,), counterexamples=(small,)),
        project.root / "stored",
    )
    for case, code in (("echo-g1", 0), ("echo-g1-small", 1)):
        result = replay("drawn", case, "--model", "record:stored/drawn")
        assert f"case {case} of echo, run drawn" in result.output
        assert result.exit_code == code, "what was made smaller is no sample that can be replayed"


def test_a_hostile_answer_is_only_shown(project: Project) -> None:
    result = replay("first", "bee", "--model", "record:stored/second")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "::" not in result.output


def test_no_answer_is_exit_code_1(project: Project) -> None:
    result = replay("first", "cat", "--model", "record:stored/second")
    assert result.exit_code == 1
    assert "no completion: the stored run has no completion for this case" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["first", "cow"], "case 'cow': not in run first"),
        (["first", "ant", "--task", "else"], "case 'ant' of task else: not in run first"),
        (["first", "ant"], "--model base:somewhere: "),
        (["first", "ant", "--model", "x"], "expected kind:location"),
        (["third", "ant"], "run 'third'"),
    ],
)
def test_mistakes_are_exit_code_2(project: Project, arguments: list[str], message: str) -> None:
    result = replay(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_run_with_log_probabilities_shows_the_least_certain_tokens(project: Project) -> None:
    logprobs = Logprobs.of([len(GOOD), 0], [-0.5, -0.01], ["Sure", "x"], [-1.0, -5.0])
    other = Logprobs.of([4, len(GOOD) + 2, 0], [-0.7, -0.2, -0.1], ["{", "x", "x"], [-0.8] * 3)
    project.store({"ant": Completion(GOOD, logprobs=logprobs)}, "third")
    project.store({"ant": Completion(f"Sure! {GOOD}", logprobs=other)}, "fourth")
    lines = replay("third", "ant", "--model", "record:stored/fourth").output.splitlines()
    assert f"  before  `{GOOD}` 0.61, `Sure` 0.37" in lines
    assert f"Here the answers part: before `{GOOD}` 0.61, after `Sure` 0.50" in lines
    lines = replay("first", "ant", "--model", "record:stored/fourth", "--logprobs").output
    assert "  before  no log-probabilities" in lines.splitlines()
