"""The YAML at the head of a model card, by which the Hub lists a model and shows its results."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from harness.core.printable import printable
from harness.core.record import BehaviorResult
from harness.report.card.subject import Subject
from harness.report.words.numbers import by_budget, headline

_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")
MAX_CHARACTERS = 200
"""Of a text that others wrote."""


def front_matter(subject: Subject) -> str:
    """The block between two lines of ``---``."""
    values: dict[str, Any] = {}
    if subject.base_id:
        values["base_model"] = subject.base_id
    values["library_name"] = "peft"
    values["pipeline_tag"] = "text-generation"
    if subject.license:
        values["license"] = subject.license
    values["tags"] = [*_tags(subject)]
    if results := [*_results(subject)]:
        values["model-index"] = [{"name": subject.name, "results": results}]
    text = yaml.safe_dump(_plain(values), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{text}---\n"


def _tags(subject: Subject) -> Iterator[str]:
    yield "slm-harness"
    for word in (subject.config.get("peft_type", "lora"), subject.trained("method")):
        if isinstance(word, str) and _WORD.fullmatch(word):
            yield word.lower()
    if subject.base_id:
        yield f"base_model:adapter:{subject.base_id}"


def _results(subject: Subject) -> Iterator[Mapping[str, Any]]:
    """A result of the Hub's ``model-index`` for each task of the run."""
    for task in dict.fromkeys(r.task for r in subject.results):
        own = [r for r in subject.results if r.task == task]
        if metrics := [metric for result in own for metric in _metrics(result)]:
            yield {
                "task": {"type": "text-generation", "name": task},
                "dataset": {"type": task, "name": task, "args": _dataset(subject, task)},
                "metrics": metrics,
            }


def _dataset(subject: Subject, task: str) -> Mapping[str, Any]:
    assert subject.side is not None
    record = subject.side.task_record(task)
    run = {"run": subject.side.record.id}
    if record is None:
        return run
    return {**run, "cases": record.cases, "cases_sha256": record.cases_sha256}


def _metrics(result: BehaviorResult) -> Iterator[Mapping[str, Any]]:
    limit = {} if result.budget is None else {"budget": result.budget, "met": result.met}
    if result.measured:
        held = {
            headline(part)[0]: {"budget": part.budget, "met": part.met}
            for part in by_budget(result)
        }
        for name, value in result.measured.items():
            is_held = name in held and held[name]["budget"] is not None
            yield _metric(f"{result.behavior}.{name}", value, held[name] if is_held else {})
    elif result.rate is not None:
        low, high = result.interval or (None, None)
        counts = {"n": result.passed + result.failed, "passed": result.passed}
        ends = {"errors": result.errors, "interval_95_low": low, "interval_95_high": high}
        yield _metric(result.behavior, result.rate, {**counts, **ends, **limit})


def _metric(name: str, value: float, args: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": name, "name": name, "value": value, **({"args": args} if args else {})}


def _plain(value: Any) -> Any:
    """The value with every text short and without control characters."""
    if isinstance(value, str):
        return printable(value[:MAX_CHARACTERS])
    if isinstance(value, dict):
        return {_plain(name): _plain(inner) for name, inner in value.items()}
    return [*map(_plain, value)] if isinstance(value, list) else value
