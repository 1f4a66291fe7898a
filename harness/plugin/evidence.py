"""Provides completions, latency and memory to tests; a model answers when they are first needed."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from harness.core.completion import Completion
from harness.core.measurement import Latency, Memory
from harness.core.record import ModelRecord
from harness.plugin.items import needs_answers
from harness.plugin.progress import uncaptured
from harness.plugin.session import session_of
from harness.run.selection import Subject
from harness.run.session import Run

T = TypeVar("T")
ANSWERING = pytest.StashKey[float]()
"""Seconds in which a test's set-up waited for the answers of its model, which are the run's."""


def have_answered(item: pytest.Item, subject: Subject) -> None:
    """Have the model of a subject answer its plan, once; raises where it cannot be opened."""
    if not needs_answers(item):
        return
    started = time.perf_counter()
    with uncaptured(item.config):
        model = _run(item).answer(subject.ref)
    item.stash[ANSWERING] = time.perf_counter() - started
    _require_no_error(subject, model)


def _require_no_error(subject: Subject, model: ModelRecord) -> None:
    if model.error:
        pytest.fail(f"{subject.ref}: {model.error}", pytrace=False)


def completions(item: pytest.Item, subject: Subject) -> tuple[Completion, ...]:
    """All completions of the subject, in the order of its cases."""
    return tuple(_run(item).completions(subject))


def latency(item: pytest.Item, subject: Subject) -> Latency:
    """Times of the subject's timed answers."""
    if not _run(item).plan.timed_of(subject):
        pytest.skip("no case of this shard is timed")
    return _measured(item, subject, Run.latency, _untimed)


def _untimed(run: Run, subject: Subject) -> str:
    return f"no timed request was answered: {run.timing_error(subject) or 'the model was stopped'}"


def memory(item: pytest.Item, subject: Subject) -> Memory:
    """The peak of the process of the subject's model."""
    if _run(item).answer(subject.ref).is_served:
        pytest.skip("a served model's memory is its server's, which cannot be measured from here")
    lost = "the backend's process ended before it was measured"
    return _measured(item, subject, Run.memory, lambda run, subject: lost)


def _measured(
    item: pytest.Item,
    subject: Subject,
    measure: Callable[[Run, Subject], T | None],
    lost: Callable[[Run, Subject], str],
) -> T:
    run = _run(item)
    if not run.answer(subject.ref).is_measurable:
        pytest.skip("a replayed run cannot be measured")
    merged = session_of(item.config).merged
    if merged is not None and merged.unmeasured:
        pytest.skip(f"not measured: {merged.unmeasured}")
    with uncaptured(item.config):
        measured = measure(run, subject)
    _require_no_error(subject, run.answer(subject.ref))
    if measured is None:
        pytest.fail(lost(run, subject), pytrace=False)
    return measured


def _run(item: pytest.Item) -> Run:
    return session_of(item.config).the_run
