"""``--generate`` and ``--generated``: generated cases in place of the tasks' own, and shrinking.

The behaviors of one model run consecutively, since its process stays open for further prompts. A
behavior that fails on generated cases searches for the smallest prompt that fails in the same way.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin.items import is_behavior, subject_of
from harness.plugin.option_names import NamedOptions, option_of
from harness.plugin.options import count, count_from_zero

if TYPE_CHECKING:
    from harness.core.record import RunRecord, Sample
    from harness.plugin.failure_text import RateMissed
    from harness.plugin.session import HarnessSession
    from harness.run.counterexample import Followups
    from harness.run.selection import CaseSource
    from harness.tasks.generate.drawing import Drawing

ALTERNATIVES = ("--limit", "--case", "--per-case")
"""Options that select among a task's own cases."""
PLACES = ("--tasks-dir", "--report-dir")
OPENING = ("--dtype", "--device", "--batch-tokens", "--threads")
REPEATED = (*PLACES, *OPENING, "--temperature", "--template-arg", "--seed")
"""Options that the command of a counterexample repeats."""


def add_options(group: NamedOptions) -> None:
    add = group.addoption
    add("--generate", type=count, metavar="N", help="judge N drawn cases of each task instead")
    add("--generate-seed", type=int, default=0, metavar="N", help="seed of --generate (default: 0)")
    add("--generated", metavar="RUN", help="judge the drawn cases of a stored run instead")
    add(
        "--shrink-requests",
        type=count_from_zero,
        default=320,
        metavar="N",
        help="the most prompts asked to find the smallest that fails (default: 320)",
    )
    add(
        "--shrink-seconds",
        type=count,
        default=300,
        metavar="S",
        help="the time after which a behavior's search for it stops (default: 300)",
    )


def plugins(session: HarnessSession) -> Iterator[object]:
    """Replace the session's cases where an option says so; options that conflict are a mistake."""
    from harness.core.errors import HarnessError

    config = session.config
    count, run = option_of(config, "--generate"), option_of(config, "--generated")
    if count is None and run is None:
        return
    session.has_followups = True
    yield GroupedByModel()
    try:
        if run is not None:
            session.case_source = _stored(run, config, session.options.report_dir)
        else:
            session.case_source = drawing = _drawing(count, config)
            yield Shrinking(session, drawing)
    except HarnessError as error:
        session.mistakes += error.mistakes


def _stored(run: str, config: pytest.Config, report_dir: Path) -> CaseSource:
    from harness.core.errors import HarnessError
    from harness.files.refused import refusals
    from harness.records.runs import find_run, read_run
    from harness.tasks.generate.stored import StoredCases

    if option_of(config, "--generate") is not None:
        raise HarnessError("--generate draws cases, --generated takes drawn ones: keep one")
    try:
        with refusals():
            record: RunRecord = read_run(find_run(run, report_dir))
    except HarnessError as error:
        raise HarnessError(*(f"--generated: {mistake}" for mistake in error.mistakes)) from None
    return StoredCases(record, tuple(option_of(config, "--case")))


def _drawing(count: int, config: pytest.Config) -> Drawing:
    from harness.core.errors import HarnessError
    from harness.tasks.generate.drawing import Drawing

    if option_of(config, "--repeats") > 1:
        raise HarnessError(f"--generate {count} asks each drawn case once, leave out --repeats")
    for name in ALTERNATIVES:
        if option_of(config, name):
            raise HarnessError(f"--generate {count} draws its own cases, leave out {name}")
    return Drawing(count, option_of(config, "--generate-seed"))


class GroupedByModel:
    """Groups behaviors by model, so that at most one model is in memory while it gets further
    prompts. Tests that are no behaviors keep their positions."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        subjects = {i: s for i, x in enumerate(items) if is_behavior(x) and (s := subject_of(x))}
        refs = list(dict.fromkeys(subject.ref for subject in subjects.values()))
        order = sorted(subjects, key=lambda i: refs.index(subjects[i].ref))
        for place, item in zip(subjects, [items[i] for i in order], strict=True):
            items[place] = item


class Shrinking:
    """Adds to a failed behavior the smallest prompt that fails as the generated ones."""

    def __init__(self, session: HarnessSession, drawing: Drawing) -> None:
        self.session = session
        self.drawing = drawing
        self.followups: Followups | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[Any]:
        from harness.plugin.failure_text import RateMissed

        try:
            return (yield)
        except RateMissed as missed:
            raise self._with_counterexample(pyfuncitem, missed) from None

    def _with_counterexample(self, item: pytest.Function, missed: RateMissed) -> RateMissed:
        """The failure, with additional text where a generated case fails."""
        from harness.plugin.failure_text import counterexample_text
        from harness.plugin.progress import uncaptured
        from harness.run.counterexample import Followups, find_counterexample

        run = self.session.the_run
        self.followups = self.followups or Followups(run)
        option = partial(option_of, self.session.config)
        limits = (option("--shrink-requests"), option("--shrink-seconds"))
        with uncaptured(self.session.config):
            found = find_counterexample(
                self.drawing, self.followups, subject_of(item), missed.tally, missed.judge, *limits
            )
        if found is None:
            return missed
        run.verdicts.counterexamples.append(found)
        commands = self._commands(item, run.plan.id, found.sample)
        return missed.with_more(counterexample_text(found, commands))

    def _commands(self, item: pytest.Function, run: str, sample: Sample) -> tuple[str, str]:
        """The command that judges the case again, and the one that keeps it."""
        from harness.files.paths import short_path

        test = f"{short_path(item.path)}::{item.originalname or item.name}"
        chosen = ["--task", sample.task, "--generated", run, "--case", sample.case_id]
        again = ["pytest", test, "--model", sample.model, *chosen, *self._given(REPEATED)]
        keep = ["harness", "task", "promote", run, sample.case_id, *self._given(PLACES)]
        return self.session.named(shlex.join(again)), shlex.join(keep)

    def _given(self, names: Sequence[str]) -> list[str]:
        given = [(name, option_of(self.session.config, name)) for name in names]
        several = [
            (name, one)
            for name, value in given
            for one in (value if isinstance(value, list) else [value])
        ]
        return [text for name, one in several if one is not None for text in (name, str(one))]
