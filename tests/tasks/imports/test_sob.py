"""Rows in SOB's forms: value accuracy and path recall are its own, to the last digit.

Its rule is written here from its description.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.run.behavior import rate_result
from harness.tasks.imports.importing import Imported, import_task
from harness.tasks.imports.rows import RowRefused
from harness.tasks.imports.sob import case_of_row, sob
from harness.tasks.imports.source import Source
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task, load_task
from tests.benchmark_rows import SOB

ANSWERS = Path(__file__).parents[2] / "checks/structured_answers.jsonl"
WEIGHTS = {"easy": 1.0, "medium": 2.0, "hard": 3.0}


def imported(file: Path, **options: Any) -> tuple[Imported, Task]:
    source = Source(file)
    done = import_task(sob(source, **options), source, file.parent / "task")
    return done, load_task(done.folder)


def answer_file(folder: Path) -> list[dict[str, Any]]:
    """Own answers, as its program writes them."""
    rows = [json.loads(line) for line in ANSWERS.read_text("utf-8").splitlines()]
    for row in rows:
        row["input"] |= {"context": "A text.", "question": "Which values?"}
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "response_own.jsonl").write_text(lines, "utf-8")
    return rows


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts = [leaves(v, f"{at}.{k}" if at else k) for k, v in value.items()]
    elif isinstance(value, list):
        parts = [leaves(v, f"{at}[{n}]") for n, v in enumerate(value)]
    else:
        return {at: value}
    return {path: leaf for part in parts for path, leaf in part.items()}


def official(row: dict[str, Any]) -> tuple[float, float, bool]:
    """Value accuracy, path recall and a perfect answer, of a row of text."""
    answer, truth = row["output"]["candidate_response"], row["output"]["ground_truth"]
    is_perfect = json.dumps(answer, sort_keys=True) == json.dumps(truth, sort_keys=True)
    schema = row["input"]["json_schema"]
    if not isinstance(answer, dict | list):
        return 0.0, 0.0, is_perfect
    if not jsonschema.Draft7Validator(schema).is_valid(answer):
        return 0.0, 0.0, is_perfect
    wanted, found = leaves(truth), leaves(answer)
    shared = len(wanted.keys() & found.keys())
    recall = shared / len(wanted)
    precision = shared / len(found) if found else 0.0
    agreed = 2 * precision * recall / (precision + recall) if shared else 0.0
    equal = sum(path in found and found[path] == leaf for path, leaf in wanted.items())
    return (equal / len(wanted) if agreed >= 0.95 else 0.0), recall, is_perfect


@pytest.mark.parametrize("is_weighted", [False, True])
def test_it_scores_an_answer_file_as_its_program_does(tmp_path: Path, is_weighted: bool) -> None:
    rows = answer_file(tmp_path)
    done, task = imported(tmp_path / "response_own.jsonl", is_weighted=is_weighted)
    assert (done.cases, done.refused, done.grade.is_sound) == (len(rows), (), True)
    verdicts, perfect = [], []
    for row in rows:
        name = row["metadata"]["record_id"]
        text = json.dumps(row["output"]["candidate_response"])
        found = judge_answer(task.case(name), Completion(text, case_id=name), task)
        verdicts.append((name, found["leaf_values"]))
        perfect.append(found["exact_fields"].outcome.value == "passed")
    theirs = [official(row) for row in rows]
    weights = [WEIGHTS[row["metadata"]["difficulty"]] if is_weighted else 1.0 for row in rows]
    result = rate_result("m", "t", "leaf_values", verdicts, None, {}, task.weights)
    assert result.shares is not None
    values, recalls = (
        sum(t[part] * w for t, w in zip(theirs, weights, strict=True)) / sum(weights)
        for part in (0, 1)
    )
    assert (result.rate, result.shares.path_recall.rate) == (values, recalls)
    assert 0 < values < recalls < 1
    assert perfect == [t[2] for t in theirs]


def test_the_data_set_s_form_has_texts(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(SOB), "utf-8")
    done, task = imported(file)
    (case,) = task.cases
    assert (case.id, case.reference) == ("r1", {"who": "Ada", "much": 3})
    assert case.tags == ("modality:text", "schema_complexity:medium")
    assert "Text:\nAda paid 3 on Monday.\n\nQuestion: Who paid how much?" in case.prompt
    schema = task.output_for(case).json_schema
    assert schema is not None
    assert schema.raw["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert done.grade.is_sound


def test_its_program_judges_by_draft_7_whatever_a_schema_names() -> None:
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}
    case = case_of_row({**SOB, "json_schema": schema}, 1)
    assert case["schema"]["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_words_of_ones_own_and_other_modalities(tmp_path: Path) -> None:
    file = tmp_path / "response_own_audio.jsonl"
    file.write_text(json.dumps(SOB), "utf-8")
    _, task = imported(file, prompt="{question} {context}", system="Say JSON.")
    (case,) = task.cases
    assert [m.content for m in case.messages] == [
        "Say JSON.",
        "Who paid how much? Ada paid 3 on Monday.",
    ]
    assert case.tags[0] == "modality:audio"
    assert task.output.leaf_values.least_paths == 0
    differences = sob(Source(file)).differences
    assert any("image and audio" in d.about for d in differences)
    assert not any("image and audio" in d.about for d in sob(Source(file), "text").differences)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"context": None}, "context: expected a text, found null"),
        ({"json_schema": "no"}, "json_schema: a text that is not valid JSON"),
        ({"ground_truth": "{}"}, "ground_truth: expected values to compare"),
        ({"ground_truth": '"a"'}, "ground_truth: expected values to compare"),
        ({"ground_truth": '{"a": NaN}'}, "ground_truth: a text that is not valid JSON"),
        ({"schema_complexity": "Easy"}, 'schema_complexity or difficulty: ["Easy"] weighs nothing'),
    ],
)
def test_a_row_that_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RowRefused) as raised:
        case_of_row({**SOB, **changes}, 1, is_weighted=True)
    assert str(raised.value).startswith(said)


def test_a_reference_that_its_own_schema_does_not_accept_is_refused(tmp_path: Path) -> None:
    rows = [SOB, {**SOB, "record_id": "r2", "ground_truth": '{"who": 3}'}]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(r)}\n" for r in rows), "utf-8")
    done, _ = imported(file)
    (refused,) = done.refused
    assert refused.where == "rows.jsonl:2"
    assert refused.reason.startswith("the reference fails ")
    assert (done.cases, done.grade.is_sound) == (1, True)


def test_of_several_files_one_is_to_be_named(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(json.dumps(SOB), "utf-8")
    with pytest.raises(HarnessError, match="has 2 files with rows, name one"):
        sob(Source(tmp_path))
