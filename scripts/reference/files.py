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


def page() -> str:
    parts = [INTRODUCTION.strip(), table(("file", "holds", "shape"), ROWS), SCHEMAS]
    for name, values, said in _FILES:
        parts += [f"## {name}", *filter(None, [said])]
        parts += [f"### {value.__name__}\n\n{field_table(value)}" for value in values]
    return "\n\n".join(parts) + "\n"
