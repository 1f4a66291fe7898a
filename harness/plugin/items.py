"""Classifies a collected item: behavior or not, its subject, its name."""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

SUBJECT = "harness_subject"
"""The fixture that makes a test a behavior."""
PER_COMPLETION = frozenset({"completion", "case"})
"""Arguments with which a test is called once for each completion."""
_ANSWERS = frozenset({"completion", "completions", "case", "latency", "memory"})


def is_behavior(item: pytest.Item) -> bool:
    """True for a test that uses one of the plugin's fixtures and has a subject."""
    return SUBJECT in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")


def subject_of(item: pytest.Item) -> Any:
    """The item's Subject."""
    return item.callspec.params[SUBJECT]  # type: ignore[attr-defined]


def needs_answers(item: pytest.Item) -> bool:
    """False for a behavior that uses a model's tokenization but none of its answers."""
    names = {*getattr(item, "fixturenames", ())}
    return "parity" not in names or bool(names & _ANSWERS)


def arguments_of(item: pytest.Function) -> Mapping[str, Any]:
    """The test's arguments by name, without those that have defaults."""
    return {name: item.funcargs[name] for name in names_of(item) if name in item.funcargs}


def names_of(item: pytest.Function) -> list[str]:
    """Names of the test's arguments, without those that have defaults."""
    parameters = inspect.signature(item.obj).parameters
    return [n for n, p in parameters.items() if p.default is inspect.Parameter.empty]


def behavior_of(item: pytest.Function) -> str:
    """``no_extra_text`` for ``test_no_extra_text``, with the values of its own parameters."""
    own = [str(value) for name, value in item.callspec.params.items() if name != SUBJECT]
    return base_name(item) + (f"[{'-'.join(own)}]" if own else "")


def base_name(item: Any) -> str:
    """``no_extra_text``, whatever its parameters."""
    return str(item.originalname or item.name).removeprefix("test_")


def needs_of(item: pytest.Item) -> frozenset[str]:
    """Words that a task must declare for the behavior to apply to it."""
    found: set[str] = set()
    for mark in item.iter_markers("behavior"):
        asked = mark.kwargs.get("needs", ())
        found |= {asked} if isinstance(asked, str) else set(asked)
    return frozenset(found)


def budget_of(item: pytest.Item) -> float | None:
    """Budget of the mark, for tasks that name none."""
    mark = item.get_closest_marker("behavior")
    budget = mark.kwargs.get("budget") if mark else None
    if budget is None:
        return None
    if isinstance(budget, str) or not 0 <= budget <= 1:
        pytest.fail(f"behavior(budget={budget!r:.80}): is no rate from 0 to 1", pytrace=False)
    return float(budget)
