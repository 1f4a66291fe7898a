"""Answers of runs keep the run's verdicts; lines of logs are judged as ``harness judge`` does."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.core.verdict import Outcome, Verdict
from harness.tasks.judging import BrokenLine
from harness.tasks.task import load_task
from tests import synthetic
from tests.ab.lines import entry
from tests.models import ROOT
from tests.synthetic import ADAPTER, BASE, TASK
from trainers.data.judged_answers import (
    answers_of_experiment,
    answers_of_log,
    answers_of_run,
    model_of,
    tasks_of,
)
from trainers.data.mining import JudgedAnswer

LOADED = load_task(ROOT / "fixtures" / "tasks" / TASK)
TASKS = {TASK: LOADED}
LINE = {
    "id": 1,
    "prompt": "Echo ant.",
    "completion": '{"word": "ant"}',
    "schema": {"required": ["word"]},
    "reference": {"word": "ant"},
}


def run(seed: int | None = 0, n: int = 6) -> RunRecord:
    """A run over drawn cases, of a base and an adapter."""
    record = synthetic.record(n)
    return replace(record, tasks=tuple(replace(t, generate_seed=seed) for t in record.tasks))


def log(tmp_path: Path, *lines: Any) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines))
    return path


def of_log(*arguments: Any, **options: Any) -> list[JudgedAnswer]:
    found = list(answers_of_log(*arguments, **options))
    assert not [item for item in found if isinstance(item, BrokenLine)]
    return [item for item in found if isinstance(item, JudgedAnswer)]


def test_an_answer_of_a_run_has_what_a_row_is_made_of() -> None:
    record = run()
    answers = list(answers_of_run(record, BASE, TASKS))
    samples = [s for s in record.samples if s.model == BASE]
    assert [a.completion for a in answers] == [s.completion for s in samples]
    assert [a.verdicts for a in answers] == [s.verdicts for s in samples]
    first = answers[0]
    assert (first.source, first.task, first.case.id) == (record.id, TASK, "pay-0001")
    assert first.required == synthetic.BEHAVIORS
    assert first.reference == json.dumps(samples[0].reference, ensure_ascii=False)
    judged = first.judge(replace(first.completion, text=first.reference))
    assert judged["json_validity"].outcome is Outcome.PASSED
    assert judged["exact_fields"].outcome is Outcome.PASSED


def test_verdicts_that_a_run_lacks_are_those_of_the_task() -> None:
    record = run()
    stored = {"json_validity": Verdict.skipped("as it was stored")}
    samples = tuple(replace(s, verdicts=stored) for s in record.samples)
    for found in answers_of_run(replace(record, samples=samples), ADAPTER, TASKS):
        assert found.verdicts["json_validity"] == stored["json_validity"]
        assert found.verdicts["schema_types"].outcome in (Outcome.PASSED, Outcome.FAILED)
    asked = answers_of_run(record, ADAPTER, TASKS, behaviors=("grounding",))
    assert all("grounding" in found.verdicts for found in asked)


@pytest.mark.parametrize(("seed", "is_own"), [(None, True), (0, False)])
def test_a_tasks_own_cases_are_suite_cases_and_drawn_ones_are_not(
    seed: int | None, is_own: bool
) -> None:
    suite_tasks = frozenset([TASK])
    found = list(answers_of_run(run(seed), BASE, TASKS, suite_tasks=suite_tasks))
    assert {a.is_suite_case for a in found} == {is_own}
    assert not any(a.is_suite_case for a in answers_of_run(run(seed), BASE, TASKS))


def test_a_task_that_requires_nothing_needs_a_behavior() -> None:
    record = run()
    record = replace(record, tasks=tuple(replace(t, required=()) for t in record.tasks))
    tasks = {TASK: replace(LOADED, required=())}
    with pytest.raises(HarnessError, match=r"requires no behavior, say which .* --behavior"):
        list(answers_of_run(record, BASE, tasks))
    assert list(answers_of_run(record, BASE, tasks, behaviors=("grounding",)))


def test_an_asked_behavior_is_enough_for_a_log_too(tmp_path: Path) -> None:
    free = replace(LOADED, required=())
    line = {"id": "a", "prompt": "p", "completion": "{}"}
    path = log(tmp_path, line)
    entries = [entry(1, messages=(Message("user", "p"),), text="{}")]
    asked = {"behaviors": ("json_validity",)}
    for found in (
        list(answers_of_log(path, free, **asked)),
        list(answers_of_experiment(entries, lambda name: free, **asked)),
    ):
        assert len(found) == 1
    for unasked in (
        answers_of_log(path, free),
        answers_of_experiment(entries, lambda name: free),
    ):
        with pytest.raises(HarnessError, match="requires no behavior"):
            list(unasked)


def test_the_model_and_the_task_are_the_only_ones_or_named() -> None:
    record = run()
    assert model_of([record], ADAPTER) == ADAPTER
    assert tasks_of([record], BASE, None) == tasks_of([record], BASE, TASK) == [TASK]
    alone = replace(record, samples=tuple(s for s in record.samples if s.model == BASE))
    assert model_of([alone, alone], None) == BASE
    with pytest.raises(HarnessError, match=f"answers of {BASE} and {ADAPTER}: choose one"):
        model_of([record], None)
    with pytest.raises(HarnessError, match="answers of no model"):
        model_of([replace(record, samples=())], None)
    with pytest.raises(HarnessError, match=r"--model base:models/tin: .*did you mean"):
        model_of([record], "base:models/tin")
    with pytest.raises(HarnessError, match=r"--task x: .*there are json_extraction"):
        tasks_of([record], BASE, "x")


def test_a_line_of_a_log_is_judged_by_what_it_declares(tmp_path: Path) -> None:
    cut = {**LINE, "id": "b", "completion": '{"word": ', "finish_reason": "length"}
    good, bad = of_log(log(tmp_path, LINE, "", cut))
    assert good.case.messages == (Message("user", "Echo ant."),)
    assert (good.source, good.case.id, good.reference) == ("log.jsonl", "1", '{"word": "ant"}')
    assert {"json_validity", "required_keys", "exact_fields"} <= set(good.required)
    assert not {"timestamp_sanity", "stops_cleanly"} & set(good.required)
    assert bad.completion.finish_reason is FinishReason.LENGTH
    assert bad.verdicts["json_validity"].outcome is Outcome.FAILED
    assert bad.completion.token_ids == ()
    assert good.reference is not None
    perfect = bad.judge(replace(bad.completion, text=good.reference))
    assert perfect["required_keys"].outcome is Outcome.PASSED


def test_a_task_judges_prompts_that_are_none_of_its_cases(tmp_path: Path) -> None:
    """The task's system message comes first, as the harness asks."""
    task = replace(LOADED, file=LOADED.file.model_copy(update={"system": "Be brief."}))
    (found,) = of_log(log(tmp_path, {**LINE, "prompt": "Pay."}), task, is_suite_task=True)
    assert found.case.messages == (Message("system", "Be brief."), Message("user", "Pay."))
    assert found.required == LOADED.required
    assert found.verdicts["schema_types"].outcome is Outcome.FAILED
    assert (found.task, found.is_suite_case) == (TASK, False)


@pytest.mark.parametrize("is_suite_task", [True, False])
def test_a_line_without_a_prompt_answers_the_tasks_case_of_its_id(
    tmp_path: Path, is_suite_task: bool
) -> None:
    own = LOADED.cases[0]
    line = {"id": own.id, "completion": "no"}
    (found,) = of_log(log(tmp_path, line), LOADED, is_suite_task=is_suite_task)
    assert found.case == own
    assert found.is_suite_case is is_suite_task


def test_lines_that_cannot_be_judged_are_named(tmp_path: Path) -> None:
    without = {"id": 1, "completion": "a"}
    path = log(tmp_path, LINE, "{", without, LINE)
    found = list(answers_of_log(path))
    assert [getattr(item, "number", 0) for item in found] == [0, 2, 3, 0]
    assert found[2] == BrokenLine(3, "has no prompt, a training row needs one")
    (broken,) = answers_of_log(log(tmp_path, without), LOADED)
    assert isinstance(broken, BrokenLine)
    assert broken.reason == f"has no prompt, and {TASK} has no case '1'"


def test_a_log_of_another_tool_gives_its_conversation(tmp_path: Path) -> None:
    """Of a chat row the whole conversation; one that is a case of the suites is known as such."""
    turns = [{"role": "system", "content": "Be exact."}, {"role": "user", "content": "Zoe, $5."}]
    own = [{"role": "user", "content": LOADED.cases[0].prompt}]
    answer = {"role": "assistant", "content": "{}"}
    rows = [{"messages": [*asked, answer]} for asked in (turns, own)]
    drawn, suite = of_log(log(tmp_path, *rows), LOADED, is_suite_task=True)
    assert drawn.case.messages == (Message("system", "Be exact."), Message("user", "Zoe, $5."))
    assert (drawn.is_suite_case, suite.is_suite_case) == (False, True)
    assert suite.case == LOADED.cases[0]
