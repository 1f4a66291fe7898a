"""Judges that a run's answers differ: no one value, and no fallback phrase, takes them over."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from harness.checks.declared.output import Output, RunDeclarations
from harness.checks.declared.strings import Pointer
from harness.checks.json.document import read_document
from harness.checks.json.pointer import follow
from harness.checks.json.wording import show
from harness.checks.schema.keywords import equality_key
from harness.checks.text.wrappers import Wrappers
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("variety",)
NO_RATE = "its share is max_share, under variety"
_JSON = Output(format="json")


Answer = tuple[Wrappers, str]
"""A completion's text, with what it is read by."""


class Over(NamedTuple):
    """A value or a phrase that too many completions have."""

    having: int
    """Completions that have it."""
    total: int
    """Completions that could have it."""
    what: str


@dataclass(frozen=True, slots=True)
class Variety:
    """Rejects a run in which half of the events are ``"Game action continues"``.

    The only check that looks at all completions of a run. Each completion counts a value once,
    however often it says it. Values are those of JSON, YAML, JSON Lines and CSV, each completion's
    by what its case declares.
    """

    fields: tuple[Pointer, ...] = ()
    """Values that should differ from case to case; ``*`` is every item.

    An answer in JSON Lines or CSV is a list: ``/*/name``."""
    fallback_phrases: tuple[str, ...] = ()
    """Phrases of a model that knows nothing; found in any case of letters."""
    max_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """The most of all completions that may hold one value or one phrase."""
    min_completions: ClassVar[int] = 10
    """With fewer than this, a share says nothing."""

    def __post_init__(self) -> None:
        if not (self.fields or self.fallback_phrases):
            raise ValueError("variety needs fields or fallback_phrases, name what should vary")

    def judge(
        self,
        completions: Iterable[tuple[Case, Completion]],
        output_of: Callable[[Case], Output] = lambda case: _JSON,
    ) -> Verdict:
        """Judge a run; the order of its completions does not matter. ``output_of`` gives what is
        declared of a case's answers."""
        outputs = [
            (output_of(case), completion.text)
            for case, completion in completions
            if completion.finish_reason is not FinishReason.ERROR
        ]
        if len(outputs) < self.min_completions:
            return self._too_few(len(outputs), "completions")
        answers = [(output.wrappers, text) for output, text in outputs]
        values = [a for a, (output, _) in zip(answers, outputs, strict=True) if output.has_value]
        if over := [*self._phrases_over(answers), *self._values_over(values)]:
            return self._failed(over)
        if self.fields and len(values) < self.min_completions:
            return self._too_few(len(values), "completions in a format of values")
        return Verdict.passed()

    def _too_few(self, count: int, what: str) -> Verdict:
        return Verdict.skipped(f"{count} {what}, variety needs {self.min_completions}")

    def _failed(self, over: Sequence[Over]) -> Verdict:
        """The verdict that names the commonest."""
        most = max(over, key=lambda o: (o.having / o.total, o.what))
        share = f"{most.having / most.total:.0%} of {most.total} completions"
        reason = f"{most.what} is in {share}, at most {self.max_share:.0%} are expected"
        return Verdict.failed(FailureCode.TEXT_LOOP, reason)

    def _phrases_over(self, answers: Sequence[Answer]) -> list[Over]:
        folded = [wrappers.answer(text).casefold() for wrappers, text in answers]
        counts = [
            (sum(phrase.casefold() in text for text in folded), f"the phrase {excerpt(phrase)!r}")
            for phrase in self.fallback_phrases
        ]
        most = self.max_share * len(answers)
        return [Over(count, len(answers), what) for count, what in counts if count > most]

    def _values_over(self, answers: Sequence[Answer]) -> list[Over]:
        """The commonest values; too few answers have none."""
        if len(answers) < self.min_completions:
            return []
        counts: Counter[tuple[str, object]] = Counter()
        for wrappers, text in answers:
            document = read_document(text, wrappers)
            if document.fault is None:
                counts.update(
                    {
                        (pointer, equality_key(found.value)): None
                        for pointer in self.fields
                        for found in follow(document.value, pointer)
                        if not found.is_missing
                    }.keys()
                )
        total = len(answers)
        over = [(count, key) for key, count in counts.items() if count > self.max_share * total]
        return [
            Over(count, total, f"the value {_shown(key)} of {pointer}")
            for count, (pointer, key) in over
        ]


@dataclass(frozen=True, slots=True)
class AnswersVary:
    """Holds the answers of a task's models to a ``Variety``."""

    variety: Variety
    output_of: Callable[[Case], Output]
    """What is declared of a case's answers."""

    def judge(self, completions: Iterable[tuple[Case, Completion]]) -> Verdict:
        return self.variety.judge(completions, self.output_of)


def run_check_for(task: RunDeclarations) -> AnswersVary:
    assert task.variety is not None, "NEEDS says so"
    return AnswersVary(task.variety, task.output_for)


def _shown(key: object) -> str:
    """The value behind an ``equality_key``, as far as a line has room for it."""
    parts = key if isinstance(key, tuple) else (key,)
    return show(parts[-1]) if len(parts) == 2 else excerpt(" ".join(str(p) for p in parts))
