"""The form of lm-evaluation-harness: what its own writer writes, and back through ``judge``."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import JUDGED
from harness.report.lm_eval import files, remarks
from harness.report.report import Report, report_on
from harness.tasks.judging import judge_answer, judge_lines
from harness.tasks.task import Task, load_task
from tests.models import ROOT
from tests.report.hostile import EVERYTHING
from tests.synthetic import ADAPTER, BASE, TASK, good, record, record_of, sample, values, with_text

ITS_OWN = ROOT / "tests/tasks/logs/samples_payments_2026-11-27T14-50-00.jsonl"
TIME = "2026-11-20T13-15-02"


def written(report: Report) -> dict[str, str]:
    return {name: b"".join(parts).decode() for name, parts in files(report)}


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_model_has_a_folder_with_results_and_samples() -> None:
    found = written(report_on(record(12)))
    assert list(found) == [
        f"base__models__tiny/samples_{TASK}_{TIME}.jsonl",
        f"base__models__tiny/results_{TIME}.json",
        f"adapter__out__json_extraction/samples_{TASK}_{TIME}.jsonl",
        f"adapter__out__json_extraction/results_{TIME}.json",
    ]


def test_a_sample_has_the_keys_of_its_own_writer() -> None:
    """All but the metric, which is the task's."""
    first = rows(written(report_on(record(12)))[f"base__models__tiny/samples_{TASK}_{TIME}.jsonl"])
    its_own = json.loads(ITS_OWN.read_text("utf-8").splitlines()[0])
    assert its_own.keys() - first[0].keys() == {"exact_match"}
    for key in ("arguments", "resps", "filtered_resps", "metrics", "doc", "target", "doc_id"):
        assert type(first[0][key]) is type(its_own[key])


def test_the_rates_are_the_run_s() -> None:
    run = record(12)
    text = written(report_on(run))[f"base__models__tiny/results_{TIME}.json"]
    results = json.loads(text)["results"][TASK]
    for result in run.results:
        if result.model == BASE and result.rate is not None:
            assert results[f"{result.behavior},none"] == result.rate
    assert results[f"{FORMAT_SUCCESS}_stderr,none"] > 0


def test_an_answer_that_is_an_error_is_left_out_and_said() -> None:
    one, two = (sample(BASE, n, value, good(value)) for n, value in enumerate(values(2)))
    lost = replace(one.completion, text="", finish_reason=FinishReason.ERROR, error="killed")
    report = report_on(record_of([(BASE, [replace(one, completion=lost), two])]))
    found = written(report)
    assert len(rows(found[f"base__models__tiny/samples_{TASK}_{TIME}.jsonl"])) == 1
    assert list(remarks(report)) == [
        f"{BASE}: 1 answer left out: the form has no place for an error"
    ]


def test_repeats_are_the_answers_of_one_sample() -> None:
    (value,) = values(1)
    first = sample(BASE, 1, value, good(value))
    again = replace(with_text(first, "no"), repeat=1)
    found = written(report_on(record_of([(BASE, [first, again])])))
    (row,) = rows(found[f"base__models__tiny/samples_{TASK}_{TIME}.jsonl"])
    assert row["resps"] == [[first.completion.text, "no"]]
    assert row["filtered_resps"] == [first.completion.text]


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task(ROOT / "fixtures/tasks" / TASK)


def test_judge_finds_the_same_verdicts_in_it(task: Task) -> None:
    """Answers of several kinds and lengths, hostile text and a cut one among them."""
    texts = ['{"name": 1}', "Sure! {}", EVERYTHING, "", '{"a": ' * 50]
    answers = []
    for case, text in zip(task.cases, texts, strict=False):
        made = sample(ADAPTER, 1, {"date": "", "name": "", "amount": 0}, good({}))
        completion = replace(made.completion, text=text, case_id=case.id)
        if text.endswith(" "):
            completion = replace(completion, finish_reason=FinishReason.LENGTH)
        verdicts = judge_answer(case, completion, task)
        answers.append(
            replace(
                made,
                case_id=case.id,
                messages=case.messages,
                reference=case.reference,
                completion=completion,
                verdicts=verdicts,
            )
        )
    name = f"adapter__out__json_extraction/samples_{TASK}_{TIME}.jsonl"
    text = written(report_on(record_of([(ADAPTER, answers)])))[name]
    judged = list(judge_lines([line.encode() for line in text.splitlines()], task))
    assert [item.id for item in judged] == [answer.case_id for answer in answers]
    for item, answer in zip(judged, answers, strict=True):
        found = {n: v for n, v in item.verdicts.items() if v.outcome in JUDGED}
        assert found == {n: v for n, v in answer.verdicts.items() if v.outcome in JUDGED}


@pytest.mark.parametrize(
    "name", ["..", "a/../../b", ".hidden", "a\0b\n\ud800", "adapter:" + "long/ü" * 100]
)
def test_a_hostile_record_writes_nowhere_else(name: str) -> None:
    (value,) = values(1)
    found = record_of([(name, [sample(name, 1, value, good(value), task=name)])])
    named = replace(found, tasks=(replace(found.tasks[0], name=name),))
    for path in written(Report((named,), None, report_on(found).after, ())):
        assert Path("out", path).resolve().is_relative_to(Path("out").resolve())
        assert len(Path(path).parts) == 2
        assert max(len(part.encode()) for part in Path(path).parts) < 200
        assert "\0" not in path


def test_long_names_that_end_alike_stay_apart() -> None:
    for names in ([f"{start}{'x' * 200}" for start in "ab"], ["a:b", "a/b"]):
        (value,) = values(1)
        found = record_of([(name, [sample(name, 1, value, good(value))]) for name in names])
        paths = [*written(report_on(found))]
        assert len(set(paths)) == len(paths) == 4


@pytest.mark.parametrize("created", ["yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_record_without_a_time_is_refused(created: str) -> None:
    run = replace(record(2), created=created)
    with pytest.raises(HarnessError, match="created is no time"):
        written(report_on(run))
