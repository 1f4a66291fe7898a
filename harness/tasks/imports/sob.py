"""SOB, the Structured Output Benchmark: values that a text gives, asked for by a JSON Schema.

https://github.com/JigsawStack/sob. Rows are its data set's, or those of an answer file. Its value
accuracy and its path recall are the two means of ``leaf_values``, its rate of perfect answers that
of ``exact_fields``.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from harness.checks.json.wording import show
from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.tasks.imports.rows import (
    Benchmark,
    Difference,
    RowRefused,
    cases_of,
    from_text,
    row_files,
    schema_of,
    text_of,
)
from harness.tasks.imports.source import Source

MODALITIES = ("text", "image", "audio")
DRAFT = "http://json-schema.org/draft-07/schema#"
"""Its program knows this one alone, whatever a schema names."""
WEIGHTS = {"easy": 1.0, "medium": 2.0, "hard": 3.0}
REQUIRED = ("schema_types",)
PROMPT = (
    "Read the text and answer the question with one JSON value that the schema accepts. Write null "
    "where the text does not say it, and write nothing else.\n\n"
    "Text:\n{context}\n\nQuestion: {question}\n\nJSON Schema:\n{schema}"
)
DIFFERENCES = (
    Difference("true where 1 is right, or 1 where true is", "equal", "not equal", "as in JSON"),
    Difference(
        "a reference without a leaf",
        "counts 1",
        "refused by the import",
        "since nothing is compared",
    ),
    Difference(
        "a schema that is none, or does not accept its own reference",
        "counts 0 for every model",
        "refused by the import",
        "since no answer could be right",
    ),
    Difference(
        "text around an answer",
        "passed over between the first and the last brace",
        "passed over where one value stands in it",
        "by json_validity it is a fault all the same",
    ),
    Difference(
        "names with dots or brackets",
        "may be one path",
        "are paths of their own",
        "as pointers write them",
    ),
    Difference(
        "the prompt",
        "its own system prompt and words",
        "other words with the same parts",
        "unless --prompt and --system say them",
    ),
)
_SCALED = Difference(
    "values in answers of image and audio rows",
    "scaled by how far the paths agree",
    "as they are",
    "since a share is not scaled here; path recall is the same",
)
_WEIGHED = Difference(
    "rows whose difficulty is neither easy, medium nor hard",
    "weigh nothing",
    "refused by the import",
    "since --weighted needs it",
)


def sob(
    source: Source,
    modality: str | None = None,
    prompt: str | None = None,
    system: str | None = None,
    max_new_tokens: int | None = None,
    *,
    is_weighted: bool = False,
) -> Benchmark:
    """The rows of a file, or of the only file of a folder that belongs to a modality.

    Args:
        source: rows of the data set, or answers as its program writes them.
        modality: one of ``MODALITIES``; by default what the file's name says, else text.
        prompt: with ``{context}``, ``{question}`` and ``{schema}``.
        system: the system message.
        max_new_tokens: where an answer is cut off.
        is_weighted: cases weigh by their difficulty, as in its weighted means.

    Raises:
        HarnessError: no or several files have rows.
    """
    (name,) = _one(row_files(source, "", "file with rows"), source)
    kind = modality or _modality(name if source.path.is_dir() else source.path.name)
    rule = {"valid": True, "least_paths": 0.95} if kind == "text" else {"valid": True}
    task = {
        "description": "Structured Output Benchmark: the values that a text gives, as JSON",
        **({"system": system} if system else {}),
        "prompt": prompt or PROMPT,
        "output": {"format": "json", "leaf_values": rule, "exact": [""]},
        "sampling": {"max_new_tokens": max_new_tokens or 1024, "temperature": 0},
        "budgets": {"leaf_values": 0.5, "exact_fields": 0.25},
    }
    extra = (*(() if kind == "text" else (_SCALED,)), *((_WEIGHED,) if is_weighted else ()))
    made = partial(case_of_row, modality=kind, is_weighted=is_weighted)
    found = cases_of(source, [name], made)
    return Benchmark(f"SOB, {kind}", task, found, (*DIFFERENCES, *extra), REQUIRED)


def _one(names: list[str], source: Source) -> list[str]:
    if len(names) > 1:
        shown = ", ".join(names[:3])
        raise HarnessError(f"{source.path}: has {len(names):,} files with rows, name one: {shown}")
    return names


def _modality(name: str) -> str:
    words = PurePosixPath(name).as_posix().lower()
    return next((kind for kind in MODALITIES[1:] if kind in words), MODALITIES[0])


def case_of_row(
    row: Mapping[str, Any], number: int, *, modality: str = "text", is_weighted: bool = False
) -> Mapping[str, Any]:
    """The line of ``cases.jsonl`` for a row.

    Raises:
        RowRefused: it lacks a part, or nothing in it can be compared.
    """
    row = _flat(row)
    schema = schema_of(row, "json_schema")
    truth = from_text(row, "ground_truth")
    if not isinstance(truth, dict | list) or not truth:
        raise RowRefused(f"ground_truth: expected values to compare, found {show(truth)}")
    levels = {key: row.get(key) for key in ("schema_complexity", "difficulty") if row.get(key)}
    tags = [f"modality:{modality}", *(f"{k}:{v}" for k, v in levels.items() if isinstance(v, str))]
    return {
        "id": str(row.get("record_id") or number),
        "variables": {
            "context": text_of(row, "context"),
            "question": text_of(row, "question"),
            "schema": schema,
        },
        "reference": truth,
        "tags": tags,
        "schema": {**schema, "$schema": DRAFT},
        **({"weight": _weight([*levels.values()])} if is_weighted else {}),
    }


def _flat(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of an answer file without its groups."""
    groups = [row.get(name) for name in ("metadata", "input", "output")]
    if not any(isinstance(group, dict) for group in groups):
        return {**row, "difficulty": row.get("difficulty", row.get("question_difficulty"))}
    return {k: v for group in groups if isinstance(group, dict) for k, v in group.items()}


def _weight(levels: list[Any]) -> float:
    found = next((WEIGHTS[v] for v in levels if isinstance(v, str) and v in WEIGHTS), None)
    if found is None:
        hint = did_you_mean(str(levels[0]) if levels else "", WEIGHTS, f"one of {[*WEIGHTS]}")
        raise RowRefused(f"schema_complexity or difficulty: {show(levels)} weighs nothing, {hint}")
    return found
