"""A drawn case becomes one of its task's own, and nothing else in the file changes."""

import json
from dataclasses import replace

import pytest

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.record import Counterexample, RunRecord, Sample
from harness.core.verdict import FailureCode, Verdict
from harness.tasks.generate.drawing import Drawing, DrawnCase
from harness.tasks.generate.promotion import promote
from harness.tasks.task import load_task

TASK = """\
description: x
prompt: "Say {word}."
output: {format: text}
variables: {word: {type: text, alphabet: abc, min_characters: 1, max_characters: 9}}
"""
OWN = '{"id": "own",   "variables": {"word": "é"}}'


@pytest.fixture
def task(tmp_path):
    folder = tmp_path / "tasks/say"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK)
    (folder / "cases.jsonl").write_text(OWN + "\n")
    return load_task(folder)


@pytest.fixture
def run(task):
    """Two drawn cases, and the smallest failing one."""
    drawing = Drawing(2, 0)
    drawn = [drawing.drawn["say", c.id] for c in drawing.cases_of(task).cases]
    (smallest,) = drawing.sources["say"].remake([("b",)], drawn[0].case.id)
    failed = Counterexample("short", _sample(smallest), drawn[0].case.id, 1, 9, False)
    return RunRecord(
        "r1",
        "complete",
        "2026-01-01T00:00:00Z",
        1.0,
        "",
        samples=tuple(_sample(d) for d in drawn),
        counterexamples=(failed,),
    )


def _sample(drawn: DrawnCase, reference=None) -> Sample:
    case = drawn.case
    return Sample(
        "base:x",
        "say",
        case.id,
        "",
        case.messages,
        Completion("", case_id=case.id),
        tags=case.tags,
        reference=reference,
        verdicts={"short": Verdict.failed(FailureCode.EMPTY, "")},
        variables=case.variables,
    )


def smallest(run: RunRecord) -> Sample:
    return run.counterexamples[0].sample


def test_a_counterexample_is_a_line_more_and_asks_the_same(tmp_path, run):
    done = promote(run, smallest(run).case_id, tmp_path / "tasks")
    assert (done.line, done.task, done.is_same_prompt) == (2, "say", True)
    file = tmp_path / "tasks/say/cases.jsonl"
    assert done.file == file
    assert file.read_text().startswith(OWN + "\n")
    case = load_task(file.parent).case(smallest(run).case_id)
    assert case.messages == smallest(run).messages
    assert (case.variables, case.tags) == ({"word": "b"}, ("generated",))


def test_any_drawn_case_may_be_kept_and_a_reference_be_given(tmp_path, run):
    promote(run, "generated-0-1", tmp_path / "tasks", reference={"word": "x"})
    case = load_task(tmp_path / "tasks/say").case("generated-0-1")
    assert case.reference == {"word": "x"}


def test_the_drawn_reference_is_kept(tmp_path, run):
    drawn = replace(run.samples[0], reference=[1, None])
    promote(replace(run, samples=(drawn,)), "generated-0-0", tmp_path / "tasks")
    assert load_task(tmp_path / "tasks/say").case("generated-0-0").reference == [1, None]


@pytest.mark.parametrize(
    ("before", "ending"),
    [
        (OWN + "\n", "\n"),
        (OWN, "\n"),
        (OWN + "\r\n", "\r\n"),
        (OWN + "\n\n", "\n"),
        ("\n" + OWN + "\n", "\n"),
    ],
)
def test_every_other_byte_stays(tmp_path, run, before, ending):
    file = tmp_path / "tasks/say/cases.jsonl"
    file.write_bytes(before.encode())
    file.chmod(0o640)
    promote(run, "generated-0-0", tmp_path / "tasks")
    after = file.read_bytes().decode()
    assert after.startswith(before)
    added = after.removeprefix(before)
    assert added.removeprefix("" if before.endswith("\n") else ending).endswith("}" + ending)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in file.parent.iterdir() if p.name.startswith(".")] == []


def test_an_id_that_is_there_is_refused_and_nothing_is_written(tmp_path, run):
    promote(run, "generated-0-0", tmp_path / "tasks")
    file = tmp_path / "tasks/say/cases.jsonl"
    before = file.read_bytes()
    with pytest.raises(HarnessError, match="has a case 'generated-0-0' already"):
        promote(run, "generated-0-0", tmp_path / "tasks")
    assert file.read_bytes() == before


def test_a_case_that_the_run_did_not_draw_is_told_with_those_that_failed(tmp_path, run):
    with pytest.raises(HarnessError) as error:
        promote(run, "generated-0-9", tmp_path / "tasks")
    assert "run r1 drew no such case" in str(error.value)
    assert smallest(run).case_id in str(error.value)


def test_lines_within_a_text_do_not_break_the_file(tmp_path, run):
    """U+2028 and U+0085 end a line for many programs."""
    odd = replace(run.samples[0], variables={"word": "a\u2028b\u0085c\n"})
    promote(replace(run, samples=(odd,)), "generated-0-0", tmp_path / "tasks")
    lines = (tmp_path / "tasks/say/cases.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[1])["variables"] == odd.variables


def test_a_case_without_variables_keeps_its_messages(tmp_path, run):
    bare = replace(run.samples[0], variables={})
    promote(replace(run, samples=(bare,)), "generated-0-0", tmp_path / "tasks")
    assert load_task(tmp_path / "tasks/say").case("generated-0-0").messages == bare.messages


def test_a_prompt_that_has_changed_since_is_told(tmp_path, run):
    file = tmp_path / "tasks/say/task.yaml"
    file.write_text(TASK.replace("Say", "Tell"))
    assert not promote(run, "generated-0-0", tmp_path / "tasks").is_same_prompt


def test_several_tasks_with_such_a_case_want_a_name(tmp_path, run):
    other = replace(run.samples[0], task="tell")
    run = replace(run, samples=(*run.samples, other))
    with pytest.raises(HarnessError, match="add --task: say, tell"):
        promote(run, "generated-0-0", tmp_path / "tasks")
    assert promote(run, "generated-0-0", tmp_path / "tasks", task="say").task == "say"
