"""The files that the harness writes: a run's record, its samples, exports, and the others."""

from harness.core.completion import Completion, Timing
from harness.core.export_record import ExportRecord
from harness.core.record import (
    BehaviorResult,
    ModelRecord,
    RunRecord,
    Sample,
    TaskRecord,
    TimedAnswer,
)
from harness.core.verdict import Verdict
from harness.report.tables import COMPLETIONS, REVIEW, VERDICTS
from scripts.reference.markdown import field_table, table

INTRODUCTION = """\
# File formats

All files are UTF-8, and appear whole or not at all. A reader that meets a later `schema_version`
refuses in one line.
"""
SCHEMAS = "`python -m harness.records.schemas` writes the schemas of records and exports anew."
ROWS = (
    ("`tasks/NAME/task.yaml`, `cases.jsonl`", "a task", "[writing a task](../writing-a-task.md)"),
    (
        "`reports/runs/ID/run.json`",
        "a run: models, tasks, results, environment",
        "[below](#runjson), [JSON Schema](../../harness/records/schemas/run.schema.json)",
    ),
    (
        "`reports/runs/ID/samples.jsonl`",
        "every answer with its verdicts, a line each",
        "[below](#samplesjsonl), [JSON Schema](../../harness/records/schemas/sample.schema.json)",
    ),
    (
        "`*.jsonl` of `harness serve --log DIR`",
        "the log of [an experiment](../ab.md)",
        "a line of JSON for each request, `format` is `harness.ab/1`",
    ),
    ("`reports/runs/ID/report.html`", "[the page](../report.md)", "one file of HTML"),
    (
        "`reports/baselines/NAME.json`, `NAME.anchor.json`",
        "[a baseline](../baselines.md) and its anchor",
        "a header, then a line of JSON for each answer",
    ),
    (
        "`reports/baselines/ledger.jsonl`",
        "[decisions and saved baselines](../baselines.md#it-is-tried-until-one-passes-the-ledger)",
        "a line each",
    ),
    (
        "a recipe",
        "how an adapter is trained",
        "[keys](recipes.md), [JSON Schema](../../trainers/recipes/recipe.schema.json)",
    ),
    (
        "`OUTPUT/training.json`, `curves.jsonl`, `answers.jsonl`",
        "what a training did",
        "[training](../training.md)",
    ),
    (
        "`export.json` beside an export",
        "what was exported, from what",
        "[below](#exportjson), [JSON Schema](../../harness/records/schemas/export.schema.json)",
    ),
    (
        "`train.jsonl`, `val.jsonl`, `test.jsonl`, `rejected.jsonl`, `metadata.json`",
        "prepared training data",
        "[training data](../data.md)",
    ),
    (
        "`verdicts.csv`, `completions.csv`, `review.csv`, and `.parquet`",
        "a report as tables",
        "[below](#tables-of-a-report)",
    ),
    (
        "lines into and out of `harness judge`",
        "completions, verdicts",
        "[its help](commands.md#harness-judge)",
    ),
)
_FILES = (
    (
        "run.json",
        (RunRecord, ModelRecord, TaskRecord, BehaviorResult, TimedAnswer),
        "`samples` says where the samples are and how many there must be.",
    ),
    ("samples.jsonl", (Sample, Completion, Timing, Verdict), "One `Sample` a line."),
    ("export.json", (ExportRecord,), ""),
)


TABLES = """\
`harness report --format csv` and `--format parquet` write a row for each verdict, a row for each
answer, and one for each answer of a [review](../report.md#your-review). The first five columns are
the key by which they are joined. What is missing is empty in CSV and null in Parquet; `tags`,
`messages` and `reference` are JSON. In CSV a text that a spreadsheet would run begins with an
apostrophe.
"""
_TABLES = (("verdicts", VERDICTS), ("completions", COMPLETIONS), ("review", REVIEW))
MEANINGS = {
    "run": "id of the run",
    "model": "ref of the model",
    "task": "name of the task",
    "case_id": "id of the case",
    "repeat": "number of the answer to the case, from 0",
    "behavior": "name of the behavior",
    "outcome": "`passed`, `failed`, `skipped` or `error`",
    "share": "of a behavior that grades answers: share of the reference's leaves that are equal",
    "path_recall": "of such a behavior: share of the reference's leaf paths that the answer has",
    "code": "[failure code](behaviors.md#failure-codes)",
    "reason": "one line: expected and found",
    "span_start": "first character of the fault in the raw text",
    "span_end": "character behind it",
    "nearest": "of an ungrounded value: the most similar text of the prompt",
    "path": "JSON pointer of the value that is wrong",
    "format_success": "all required behaviors pass; missing where that is undecided",
    "template": "wording of the case",
    "tags": "of the case; in a review the person's",
    "must_pass": "the case is pinned; in a review, the person starred it",
    "weight": "of the case, in means of shares",
    "prompt_sha256": "hash of the prompt",
    "messages": "the prompt",
    "reference": "of the case",
    "text": "the raw answer",
    "finish_reason": "`stop`, `length` or `error`",
    "error": "reason of an error",
    "prompt_tokens": "tokens of the prompt",
    "tokens": "tokens of the answer",
    "seconds": "of a timed answer: from request to end",
    "first_token_seconds": "of a timed answer: until the first token",
    "batch_rows": "of a timed answer: requests in its batch",
    "from_run": "run that generated an answer which was taken from the store",
    "mean_logprob": "mean log-probability of the answer's tokens, with `--logprobs`",
    "least_logprob": "that of its least certain token",
    "verdict": "the person's: `right` or `wrong`",
    "checks": "that of the required behaviors",
    "agrees": "the two are the same",
    "note": "the person's",
}
"""Meaning of each column."""


def page() -> str:
    parts = [INTRODUCTION.strip(), table(("file", "holds", "shape"), ROWS), SCHEMAS]
    for name, values, said in _FILES:
        parts += [f"## {name}", *filter(None, [said])]
        parts += [f"### {value.__name__}\n\n{field_table(value)}" for value in values]
    parts += ["## Tables of a report", TABLES.strip()]
    for name, columns in _TABLES:
        rows = ((f"`{c}`", f"`{kind.__name__}`", MEANINGS[c]) for c, kind in columns.items())
        parts.append(f"### {name}\n\n{table(('column', 'type', 'meaning'), rows)}")
    return "\n\n".join(parts) + "\n"
