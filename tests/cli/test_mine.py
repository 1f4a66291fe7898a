"""``harness mine``: rows on the disk, what is said of them, and what is refused."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.verdict import FailureCode, Verdict
from harness.records.runs import RUNS, write_run
from tests import synthetic
from tests.models import ROOT
from tests.synthetic import ADAPTER, BASE, TASK

WRONG = {"json_validity": Verdict.failed(FailureCode.NO_JSON, "no JSON")}


@pytest.fixture
def project(folder_outside_ci):
    """A project whose suites hold the bundled task."""
    (folder_outside_ci / "pyproject.toml").write_text(
        f"[tool.harness]\ntasks_dir = {str(ROOT / 'fixtures' / 'tasks')!r}\n"
    )
    return folder_outside_ci


def sample(number, repeat=0, text="wrong", model=ADAPTER, **options):
    """An answer to the payment sentence of that number: wrong, unless it is the reference."""
    value = synthetic.values(9)[number]
    answer = synthetic.good(value) if text is None else synthetic.Answer(text, WRONG)
    found = synthetic.sample(model, number, value, answer, **options)
    completion = replace(found.completion, repeat=repeat)
    return replace(found, repeat=repeat, completion=completion)


def store(*samples, seed=0, run_id="run-1"):
    record = synthetic.record_of([(s.model, [s]) for s in samples], run_id=run_id)
    models = {m.ref: m for m in record.models}
    tasks = tuple(replace(t, generate_seed=seed) for t in record.tasks)
    record = replace(record, models=tuple(models.values()), tasks=tasks)
    write_run(record, RUNS)


def mine(*arguments):
    return CliRunner().invoke(main, ["mine", *arguments, "-o", "rows.jsonl"])


def rows(project):
    return [json.loads(line) for line in (project / "rows.jsonl").read_text().splitlines()]


def test_pairs_of_a_run_over_drawn_cases(project):
    """Case 1 has a passing sibling, case 2 a reference, case 3 no failing answer."""
    good = sample(1, 1, None)
    store(
        sample(1),
        good,
        sample(2),
        sample(2, 1, "wrong too"),
        sample(3, 0, None),
        sample(3, 1, None),
    )
    result = mine("latest")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "rows.jsonl: 3 pairs of 2 prompts: chosen passing answers (1), chosen references (2)",
        "pass@1 50.0%, pass@2 66.7% of 3 prompts and 6 judged answers; 1 prompt with both passing "
        "and failing answers",
        "left out: prompts without a failing answer (1)",
    ]
    first, second, third = rows(project)
    assert first["chosen"][0]["content"] == good.completion.text
    assert first["rejected_ids"] == list(sample(1).completion.token_ids)
    assert (first["chosen_from"], second["chosen_from"]) == ("sibling", "reference")
    assert (third["case"], third["repeat"], third["run"]) == ("pay-0002", 1, "run-1")
    assert third["codes"] == {"json_validity": "no_json"}


def test_runs_are_taken_together_and_each_once(project):
    store(sample(1))
    store(sample(1, 0, None), run_id="run-2")
    result = mine("run-1", "run-2", "reports/runs/run-1")
    assert "1 pair of 1 prompt: chosen passing answers (1)" in result.stdout
    assert "1 prompt and 2 judged answers" in result.stdout


def test_rejection_sampling(project):
    store(sample(1), sample(1, 1, None))
    result = mine("latest", "--rejection-sampling")
    assert result.stdout.startswith("rows.jsonl: 1 passing answer of 1 prompt\npass@1 50.0%, ")
    (row,) = rows(project)
    assert row["completion"][0]["content"] == sample(1, 1, None).completion.text


def test_a_suites_own_cases_are_refused_unless_asked_for_and_then_marked(project):
    store(sample(1), seed=None)
    result = mine("latest")
    assert result.exit_code == 2
    assert "harness: run-1 (json_extraction): answers to the cases of" in result.stderr
    assert not (project / "rows.jsonl").exists()
    result = mine("latest", "--suite-cases")
    assert "marked as suite cases (1)" in result.stdout
    assert rows(project)[0]["is_suite_case"]


def test_drawn_prompts_that_are_those_of_suite_cases_are_left_out(project):
    line = (ROOT / "fixtures/tasks" / TASK / "cases.jsonl").read_text("utf-8").splitlines()[0]
    prompt = synthetic.PROMPT + json.loads(line)["variables"]["text"]
    store(sample(1), sample(2, prompt=prompt))
    result = mine("latest")
    assert "left out: answers to prompts of suite cases (1)" in result.stdout
    assert [row["case"] for row in rows(project)] == ["pay-0001"]
    assert mine("latest", "--suite-cases").exit_code == 0
    assert [row.get("is_suite_case", False) for row in rows(project)] == [False, True]


def test_a_task_of_training_rows_lies_in_another_folder(project):
    store(sample(1), seed=None)
    task = project / "training" / TASK
    task.mkdir(parents=True)
    for file in (ROOT / "fixtures/tasks" / TASK).iterdir():
        if file.is_file():
            (task / file.name).write_bytes(file.read_bytes())
    assert mine("latest", "--tasks-dir", "training").exit_code == 0
    (project / "pyproject.toml").unlink()
    assert "answers to the cases of training" in mine("latest", "--tasks-dir", "training").stderr


def test_a_model_of_several_is_named(project):
    store(sample(1), sample(1, model=BASE))
    assert "choose one with --model" in mine("latest").stderr
    assert "1 pair of 1 prompt" in mine("latest", "--model", BASE).stdout
    assert "did you mean" in mine("latest", "--model", BASE[:-1]).stderr


def test_a_behavior_narrows_the_pairs_and_one_that_judged_nothing_is_a_mistake(project):
    store(sample(1))
    assert mine("latest", "--behavior", "json_validity").exit_code == 0
    assert "no row to write" in mine("latest", "--behavior", "schema_types").stderr
    found = mine("latest", "--behavior", "json_validty").stderr
    assert found == (
        "harness: --behavior json_validty: judged no answer, did you mean 'json_validity'?\n"
    )


def test_without_a_row_nothing_is_written(project):
    (project / "rows.jsonl").write_text("before\n")
    store(sample(1, 0, None))
    result = mine("latest")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "harness: rows.jsonl: no row to write, nothing was written",
        "harness: pass@1 100.0% of 1 prompt and 1 judged answer",
        "harness: left out: prompts without a failing answer (1)",
    ]
    assert (project / "rows.jsonl").read_text() == "before\n"


def log(project, *lines):
    (project / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return "log.jsonl"


LINE = {
    "id": "a",
    "prompt": "Echo ant.",
    "completion": "ant",
    "reference": {"word": "ant"},
    "finish_reason": "stop",
}


def test_a_log_of_lines(project):
    cut = {**LINE, "id": "b", "completion": '{"word": "a', "finish_reason": "length"}
    result = mine(log(project, LINE, cut, {**LINE, "id": "c", "completion": '{"word": "ant"}'}))
    assert result.exit_code == 0, result.stderr
    assert (
        "rows.jsonl: 2 pairs of 1 prompt: chosen passing answers (2), rejected answers cut at the "
        "token limit (1), rejected answers without token ids (2)"
    ) in result.stdout
    assert [row["is_cut"] for row in rows(project)] == [False, True]
    assert rows(project)[0]["run"] == "log.jsonl"


def test_broken_lines_of_a_log_are_named_and_the_others_mined(project):
    result = mine(log(project, LINE, {"id": 1}))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "log.jsonl:2: has no completion, each line needs one",
        "log.jsonl: 1 line could not be judged",
    ]
    assert len(rows(project)) == 1


def test_a_review_beside_logs_alone_is_refused(project):
    said = {
        "run": "r",
        "model": ADAPTER,
        "task": TASK,
        "case": "a",
        "repeat": 0,
        "verdict": "wrong",
    }
    (project / "review.jsonl").write_text(json.dumps(said))
    result = mine(log(project, LINE), "--review", "review.jsonl")
    assert result.exit_code == 2
    assert result.stderr == (
        "harness: --review review.jsonl: is of answers in runs, and no run is named\n"
    )


def test_a_log_is_judged_by_a_task_and_its_own_cases_are_refused(project):
    case = json.loads(
        (ROOT / "fixtures/tasks" / TASK / "cases.jsonl").read_text("utf-8").splitlines()[0]
    )
    reference = {"name": "Ann Lee", "date": "2025-01-02", "amount": 3.5}
    prompt = f"{synthetic.PROMPT}Ann Lee paid 3.50 USD on 2025-01-02."
    name = log(project, {**LINE, "prompt": prompt, "reference": reference})
    result = mine(name, "--task", TASK)
    assert "1 pair of 1 prompt: chosen references (1)" in result.stdout
    assert rows(project)[0]["task"] == TASK
    name = log(project, {"id": case["id"], "completion": "no"})
    assert (
        "log.jsonl (json_extraction): answers to the cases of" in mine(name, "--task", TASK).stderr
    )


def test_references_to_the_letter_come_from_rows(project):
    amount = str(synthetic.values(9)[2]["amount"])
    store(sample(2, prompt=f"{synthetic.PROMPT}Mei Lin paid {amount}0."))
    spelled = "references that spell a number otherwise than the prompt, see --references (1)"
    assert spelled in mine("latest").stdout
    asked = rows(project)[0]
    exact = asked["chosen"][0]["content"].replace(amount, f"{amount}0")
    row = {"prompt": asked["prompt"], "completion": exact}
    (project / "train.jsonl").write_text(json.dumps(row) + "\n")
    result = mine("latest", "--references", "train.jsonl")
    assert spelled not in result.stdout
    assert rows(project)[0]["chosen"][0]["content"] == exact


def test_mistakes_of_the_call(project):
    name = log(project, LINE)
    assert "--model x: no run is given" in mine(name, "--model", "x").stderr
    result = CliRunner().invoke(main, ["mine", name, "-o", f"./{name}"])
    assert "is a log that is mined, name another file" in result.stderr
    assert json.loads((project / name).read_text()) == LINE
    assert "run 'nothing': no such folder" in mine("nothing").stderr
