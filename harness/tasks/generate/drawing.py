"""Draws the cases of a session: the same ones for the same seed, whatever else is drawn."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from harness.core.case import Case
from harness.core.errors import HarnessError
from harness.core.extras import install, require
from harness.core.plan import sha256_of
from harness.files.yaml_file import explain
from harness.tasks.generate.choices import Choice, Span
from harness.tasks.generate.shrinking import Sequel
from harness.tasks.task import Task, case_of
from harness.tasks.task_file import CaseLine

if TYPE_CHECKING:
    from harness.tasks.generate.choosing import DrawnValue, Job

GENERATED = "generated"
"""The tag of every drawn case, and how its id begins."""
MAX_ATTEMPTS = 10
"""For each case that is asked for, so many are drawn at most: some are rejected or come twice."""


@dataclass(frozen=True, slots=True)
class DrawnCase:
    """A case of a strategy, and the choices that made it."""

    case: Case
    choices: tuple[Choice, ...]
    spans: tuple[Span, ...]

    @property
    def prompt(self) -> str:
        """All turns: what is to become as short as can be."""
        return "\n".join(message.content for message in self.case.messages)


@dataclass(frozen=True, slots=True)
class CaseSampler:
    """The strategy of one task, drawn from with one seed."""

    task: Task
    strategy: Any
    seed: int

    def draw(self, count: int) -> list[DrawnCase]:
        """``count`` cases with different prompts; fewer where the strategy has no more.

        Raises:
            HarnessError: the strategy raises, or draws what is no case.
        """
        from harness.tasks.generate.choosing import Job

        found: dict[str, DrawnCase] = {}
        for first in range(0, count * MAX_ATTEMPTS, count):
            jobs = [Job(rng=self._rng(n)) for n in range(first, first + count)]
            for drawn in self._make(jobs):
                if drawn is not None and len(found) < count:
                    case = self._case(drawn.value, f"{GENERATED}-{self.seed}-{len(found)}")
                    made = DrawnCase(case, drawn.choices, drawn.spans)
                    found.setdefault(made.prompt, made)
            if len(found) == count:
                break
        return list(found.values())

    def remake(self, sequels: Sequence[Sequel], drawn_from: str) -> list[DrawnCase | None]:
        """The case that each sequence of values makes; its id says what it was changed from."""
        from harness.tasks.generate.choosing import Job

        made = self._make([Job(values) for values in sequels])
        return [None if drawn is None else self._changed(drawn, drawn_from) for drawn in made]

    def _changed(self, drawn: "DrawnValue[Any]", drawn_from: str) -> DrawnCase:
        case = self._case(drawn.value, drawn_from)
        content = sha256_of([[m.role, m.content] for m in case.messages])
        return DrawnCase(
            replace(case, id=f"{drawn_from}-{content[:8]}"), drawn.choices, drawn.spans
        )

    def _make(self, jobs: "Sequence[Job]") -> "list[DrawnValue[Any] | None]":
        from harness.tasks.generate.choosing import make
        from harness.tasks.generate.strategies import guarded, source_file

        return guarded(source_file(self.task), partial(make, self.strategy, jobs))

    def _rng(self, number: int) -> random.Random:
        """Seeds each attempt by itself, so that a larger draw begins with the same cases."""
        digest = hashlib.sha256(f"{self.seed}/{self.task.name}/{number}".encode()).digest()
        return random.Random(int.from_bytes(digest[:8], "big"))

    def _case(self, value: Any, case_id: str) -> Case:
        where = f"{self.task.path}: a drawn case"
        if not isinstance(value, dict) or "id" in value:
            raise HarnessError(f"{where} is {value!r:.80}, expected a dict of variables, no id")
        try:
            line = CaseLine.model_validate({**value, "id": case_id})
            case = case_of(line, self.task.file)
        except ValidationError as error:
            found = [f"{where}: {explain(e, CaseLine)}" for e in error.errors()]
            raise HarnessError(*found) from None
        except HarnessError as error:
            raise HarnessError(*(f"{where}: {m}" for m in error.mistakes)) from None
        return replace(case, tags=(*case.tags, GENERATED))


class Drawing:
    """Gives tasks drawn cases in the place of their own."""

    has_none = "does not say how to draw its cases, add variables to task.yaml or a cases.py"

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self.sources: dict[str, CaseSampler] = {}
        """By task."""
        self.drawn: dict[tuple[str, str], DrawnCase] = {}
        """By task and case."""

    def cases_of(self, task: Task) -> Task | None:
        """The task with drawn cases; ``None`` where it does not say how to draw them.

        Raises:
            HarnessError: the task's strategy is broken, or has no case at all.
        """
        strategy = _strategy_of(task)
        if strategy is None:
            return None
        source = self.sources[task.name] = CaseSampler(task, strategy, self.seed)
        drawn = source.draw(self.count)
        if not drawn:
            raise HarnessError(f"{task.path}: its strategy rejects whatever is drawn, loosen it")
        self.drawn |= {(task.name, d.case.id): d for d in drawn}
        return with_cases(task, tuple(d.case for d in drawn), self.seed)


def with_cases(task: Task, cases: tuple[Case, ...], seed: int | None) -> Task:
    """The task with generated cases in the place of its own."""
    content = [
        [c.id, [[m.role, m.content] for m in c.messages], c.reference, *c.alternatives]
        for c in cases
    ]
    return replace(
        task, cases=cases, cases_sha256=sha256_of(content), is_selected=True, generate_seed=seed
    )


def _strategy_of(task: Task) -> Any:
    try:
        # Imported for its own imports: an old Hypothesis lacks them.
        from harness.tasks.generate import choosing  # noqa: F401
        from harness.tasks.generate.strategies import strategy_of
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("hypothesis"):
            raise
        require("--generate", "hypothesis")
        raise HarnessError(
            f"--generate needs Hypothesis 6.135 or later, {install('generate')}"
        ) from None
    return strategy_of(task)
