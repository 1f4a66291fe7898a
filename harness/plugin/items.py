"""What a collected item is to us: a behavior or not, of which subject, under which name."""

from typing import Any

import pytest

SUBJECT = "harness_subject"
"""The fixture that makes a test a behavior."""


def is_behavior(item: pytest.Item) -> bool:
    """True for a test that asks for one of our fixtures and was given a subject."""
    return SUBJECT in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")


def subject_of(item: pytest.Item) -> Any:
    """The Subject that it was given."""
    return item.callspec.params[SUBJECT]  # type: ignore[attr-defined]


def behavior_of(item: pytest.Function) -> str:
    """``no_extra_text`` for ``test_no_extra_text``, with the values of its own parameters."""
    own = [str(value) for name, value in item.callspec.params.items() if name != SUBJECT]
    return base_name(item) + (f"[{'-'.join(own)}]" if own else "")


def base_name(item: Any) -> str:
    """``no_extra_text``, whatever its parameters."""
    return str(item.originalname or item.name).removeprefix("test_")


def needs_of(item: pytest.Item) -> frozenset[str]:
    """What a task must declare for the behavior to apply to it."""
    found: set[str] = set()
    for mark in item.iter_markers("behavior"):
        asked = mark.kwargs.get("needs", ())
        found |= {asked} if isinstance(asked, str) else set(asked)
    return frozenset(found)


def budget_of(item: pytest.Item) -> float | None:
    """The least pass rate where the task names none."""
    mark = item.get_closest_marker("behavior")
    return mark.kwargs.get("budget") if mark else None
