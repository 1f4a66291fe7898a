"""Every model on each of its tasks: the command line first, then the settings."""

import json
from dataclasses import replace

import pytest

from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.record import EarlyStop, ModelRecord
from harness.core.shard import Shard
from harness.core.verdict import FailureCode, Verdict
from harness.records.runs import read_run, write_run
from harness.run.plan import PlannedTest, RunPlan
from harness.run.selection import Choices, Subject, choose
from harness.run.settings import Settings
from tests.models import TINY_QWEN2
from tests.project import SCHEMA, TASK, Project

A, B = "base:a", "base:b"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    project.task("other")
    for name in "ab":
        (tmp_path / name).symlink_to(TINY_QWEN2)
    return project


def chosen(project: Project, settings: Settings | None = None, source=None, **choices):
    settings = settings or Settings(tasks_dir="tasks")
    return choose(project.root, settings, Choices(**choices), source)


def labels(subjects: tuple[Subject, ...]) -> list[str]:
    return [subject.label for subject in subjects]


def test_each_model_judges_each_task_models_first(project):
    assert labels(chosen(project, models=(A, B))) == [
        f"{task}-{ref}" for ref in (A, B) for task in ("echo", "other")
    ]


def test_settings_name_models_where_the_command_line_names_none(project):
    settings = Settings(tasks_dir="tasks", models=(A, {"ref": B, "tasks": ["other"]}))
    assert labels(chosen(project, settings)) == [f"echo-{A}", f"other-{A}", f"other-{B}"]
    assert labels(chosen(project, settings, models=(B,))) == [f"echo-{B}", f"other-{B}"]


def test_a_model_that_is_named_twice_is_one(project):
    assert labels(chosen(project, models=(A, A), tasks=("echo",))) == [f"echo-{A}"]


def test_cases_are_chosen_and_the_task_says_so(project):
    (whole,) = chosen(project, models=(A,), tasks=("echo",))
    assert not whole.task.is_selected
    (limited,) = chosen(project, models=(A,), tasks=("echo",), limit=2)
    assert [c.id for c in limited.task.cases] == ["ant", "bee"]
    (named,) = chosen(project, models=(A,), tasks=("echo",), cases=("dog",))
    assert [c.id for c in named.task.cases] == ["dog"]
    assert limited.task.is_selected
    assert named.task.is_selected


def test_decoding_is_the_tasks_but_for_what_was_asked(project):
    (subject,) = chosen(project, models=(A,), tasks=("echo",), seed=7, temperature=0.5, repeats=3)
    sampling = subject.task.sampling
    assert (sampling.seed, sampling.temperature, sampling.max_new_tokens) == (7, 0.5, 16)
    assert subject.task.repeats == 3


def test_a_task_whose_cases_are_all_left_out_is_not_judged(project):
    project.task("birds", words=["emu"])
    subjects = chosen(project, models=(A,), cases=("emu",))
    assert labels(subjects) == [f"birds-{A}"]


@pytest.mark.parametrize(
    ("choices", "mistakes"),
    [
        ({}, ["no model: say --model kind:location, or list models in [tool.harness]"]),
        (
            {"models": ("bse:x", "record:stored/none"), "tasks": ("ecko",)},
            ["--task ecko: no such task", "--model bse:x: unknown kind", "run 'stored/none'"],
        ),
        ({"models": (A,), "cases": ("emu",)}, ["--case emu: no chosen task has such a case"]),
        ({"models": (A,), "repeats": 2}, ["--repeats 2: at temperature 0 every answer"]),
    ],
)
def test_every_mistake_is_one_of_its_own(project, choices, mistakes):
    with pytest.raises(HarnessError) as error:
        chosen(project, **choices)
    assert len(error.value.mistakes) == len(mistakes)
    assert all(said in found for said, found in zip(mistakes, error.value.mistakes, strict=True))


TEXT = TASK.replace("{format: json, schema: schema.json}", "{format: text}").replace(
    "budgets: {json_validity: 0.75, no_extra_text: 0.75}", ""
)


def test_constrained_tasks_have_the_grammar_of_their_schema_and_text_is_decoded_freely(project):
    project.task("prose", TEXT)
    project.task("loose", TASK.replace(", schema: schema.json", ""))
    subjects = chosen(project, models=(A,), is_constrained=True)
    grammars = {s.task.name: s.task.grammar for s in subjects}
    assert json.loads(grammars["echo"].schema) == SCHEMA
    assert grammars["loose"].schema == "{}"
    assert grammars["prose"] is None
    assert all(r.grammar == s.task.grammar for s in subjects for r in s.task.requests())
    assert all(r.grammar for r in subjects[0].task.requests(timed=True))
    assert all(s.task.record(4).grammar == s.task.grammar for s in subjects)


def test_decoding_is_free_unless_asked_otherwise(project):
    assert {s.task.grammar for s in chosen(project, models=(A,))} == {None}


def test_a_schema_without_a_grammar_is_refused_with_its_file(project):
    project.write("tasks/other/schema.json", json.dumps({"type": "array", "uniqueItems": True}))
    with pytest.raises(HarnessError) as error:
        chosen(project, models=(A,), is_constrained=True)
    (line,) = error.value.mistakes
    assert line.startswith("--decode constrained: ")
    assert "tasks/other/schema.json: no grammar can express the schema" in line
    assert "uniqueItems" in line


def test_constraining_text_alone_is_refused(project):
    project.task("prose", TEXT)
    with pytest.raises(
        HarnessError, match="prose: only tasks with format: json, jsonl or csv have a"
    ):
        chosen(project, models=(A,), tasks=("prose",), is_constrained=True)


def test_a_served_model_is_not_constrained_here(project):
    served = "endpoint:http://127.0.0.1:9/v1#m"
    with pytest.raises(HarnessError, match=r"--model endpoint:.*\+schema=FILE"):
        chosen(project, models=(served,), is_constrained=True)


class Drawn:
    """Has other cases for ``echo`` alone."""

    has_none = "has no such cases"

    def cases_of(self, task):
        return replace(task, cases=task.cases[2:]) if task.name == "echo" else None


def test_a_source_gives_other_cases_and_leaves_out_tasks_that_it_has_none_for(project):
    (subject,) = chosen(project, models=(A,), source=Drawn())
    assert [c.id for c in subject.task.cases] == ["cat", "dog"]
    with pytest.raises(HarnessError, match="--task other: has no such cases"):
        chosen(project, models=(A,), tasks=("echo", "other"), source=Drawn())
    with pytest.raises(HarnessError, match=r"^other: has no such cases"):
        chosen(project, models=(A,), tasks_dir=str(only_other(project)), source=Drawn())


def only_other(project: Project):
    project.write("others/other/task.yaml", TASK)
    project.write("others/other/schema.json", json.dumps(SCHEMA))
    cases = project.root / "tasks/other/cases.jsonl"
    project.write("others/other/cases.jsonl", cases.read_text())
    return project.root / "others"


# Only what a stored run did not pass


def stored(project: Project, run: str, **more) -> None:
    """A run in which ant passed, bee failed, cat was an error, and dog has no verdict."""
    project.store(run=run)
    record = read_run(project.root / "stored" / run)
    outcomes = {"ant": Verdict.passed(), "bee": Verdict.failed(FailureCode.NO_JSON, "none")}
    samples = []
    for sample in record.samples:
        if sample.case_id == "cat":
            lost = replace(sample.completion, finish_reason=FinishReason.ERROR, error="died")
            sample = replace(sample, completion=lost)
        verdict = outcomes.get(sample.case_id)
        samples.append(replace(sample, verdicts={"json_validity": verdict} if verdict else {}))
    write_run(
        replace(record, id=run, samples=tuple(samples), **more), project.root / "reports/runs"
    )


def test_only_the_cases_that_a_run_did_not_pass_are_asked(project):
    stored(project, "before")
    (subject,) = chosen(project, models=(A,), failed_of="before")
    assert [c.id for c in subject.task.cases] == ["bee", "cat", "dog"]
    assert subject.task.is_selected
    (first,) = chosen(project, models=(A,), failed_of="before", limit=1)
    assert [c.id for c in first.task.cases] == ["bee"]


def test_what_a_partial_run_did_not_come_to_is_asked(project):
    stored(project, "whole")
    stored(project, "partial", status="partial")
    assert [s.task.name for s in chosen(project, models=(A,), failed_of="whole")] == ["echo"]
    names = {
        s.task.name: len(s.task.cases) for s in chosen(project, models=(A,), failed_of="partial")
    }
    assert names == {"echo": 3, "other": 4}


def part_of(project: Project, run: str, cases: tuple[str, ...], **more) -> str:
    """A run of ``echo`` that was asked these cases of the four; returns the ref that replays it."""
    ref = project.store(run=run)
    record = read_run(project.root / "stored" / run)
    samples = tuple(s for s in record.samples if s.case_id in cases)
    tasks = (replace(record.tasks[0], cases=len(cases), selected=True),)
    changed = replace(record, samples=samples, **{"tasks": tasks, **more})
    write_run(changed, project.root / "stored")
    return ref


def asked(subjects: tuple[Subject, ...]) -> dict[str, list[str]]:
    return {s.label: [r.case_id for r in RunPlan.of([PlannedTest(s)]).judged(s)] for s in subjects}


def test_a_stored_run_is_asked_the_cases_that_it_has(project):
    part = part_of(project, "part", ("bee", "dog"))
    (subject,) = chosen(project, models=(part,))
    assert asked((subject,)) == {f"echo-{part}": ["bee", "dog"]}
    assert subject.task.is_selected
    assert not RunPlan.of([PlannedTest(subject)]).is_of_a_part
    # The first of those that it has, not of those that the task has.
    (first,) = chosen(project, models=(part,), limit=1)
    assert asked((first,)) == {f"echo-{part}": ["bee"]}


def test_a_model_beside_a_stored_run_is_asked_all_cases(project):
    part = part_of(project, "part", ("bee", "dog"))
    found = asked(chosen(project, models=(part, A)))
    assert found == {
        f"echo-{part}": ["bee", "dog"],
        f"echo-{A}": ["ant", "bee", "cat", "dog"],
        f"other-{A}": ["ant", "bee", "cat", "dog"],
    }


@pytest.mark.parametrize(
    "more",
    [
        {"status": "partial"},
        {"shard": Shard(1, 2)},
        {"models": (ModelRecord("base:somewhere", "base", "x", early_stop=EarlyStop("m", 4, 2)),)},
    ],
)
def test_a_replay_of_a_run_that_was_ended_early_is_one_too(project, more):
    (subject,) = chosen(project, models=(part_of(project, "part", ("bee",), **more),))
    assert RunPlan.of([PlannedTest(subject)]).is_of_a_part


def test_so_is_one_of_a_run_that_lacks_answers(project):
    part = part_of(project, "part", ("bee",))
    record = read_run(project.root / "stored/part")
    tasks = (replace(record.tasks[0], cases=4),)
    write_run(replace(record, tasks=tasks), project.root / "stored")
    (subject,) = chosen(project, models=(part,))
    assert RunPlan.of([PlannedTest(subject)]).is_of_a_part


def test_a_stored_run_without_an_answer_is_refused(project):
    part = part_of(project, "part", ("bee",))
    for choices in ({"tasks": ("other",)}, {"tasks": ("echo", "other")}, {"cases": ("cat",)}):
        with pytest.raises(HarnessError, match="the stored run has no answer to the chosen cases"):
            chosen(project, models=(part,), **choices)


def test_a_run_without_a_failure_or_that_is_not_there_is_refused(project):
    stored(project, "before")
    with pytest.raises(
        HarnessError, match="--failed-of before: no case of the chosen tasks failed"
    ):
        chosen(project, models=(A,), failed_of="before", tasks=("other",))
    with pytest.raises(HarnessError, match=r"--failed-of befroe: .*before"):
        chosen(project, models=(A,), failed_of="befroe")
