"""Judges that a run's answers differ: no one value, and no fallback phrase, takes them over."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from harness.checks.declared.output import RunDeclarations
from harness.checks.declared.strings import Pointer
from harness.checks.json.document import read_document
from harness.checks.json.pointer import follow
from harness.checks.json.wording import show
from harness.checks.schema.keywords import equality_key
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("variety",)
NO_RATE = "its share is max_share, under variety"


@dataclass(frozen=True, slots=True)
class Variety:
    """Rejects a run in which half of the events are ``"Game action continues"``.

    The only check that looks at all completions of a run. Each completion counts a value once,
    however often it says it.
    """

    fields: tuple[Pointer, ...] = ()
    """Values that should differ from case to case; ``*`` is every item."""
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
        wrappers: Wrappers = KNOWN_WRAPPERS,
    ) -> Verdict:
        """Judge a run; the order of its completions does not matter."""
        pairs = [p for p in completions if p[1].finish_reason is not FinishReason.ERROR]
        if len(pairs) < self.min_completions:
            reason = f"{len(pairs)} completions, variety needs {self.min_completions}"
            return Verdict.skipped(reason)
        texts = [c.text for _, c in pairs]
        phrases = self._phrases_over([wrappers.answer(text) for text in texts])
        over = [*phrases, *self._values_over(texts, wrappers)]
        if not over:
            return Verdict.passed()
        count, what = max(over, key=lambda o: (o[0], o[1]))
        share = f"{count / len(pairs):.0%} of {len(pairs)} completions"
        reason = f"{what} is in {share}, at most {self.max_share:.0%} are expected"
        return Verdict.failed(FailureCode.TEXT_LOOP, reason)

    def _phrases_over(self, texts: Sequence[str]) -> list[tuple[int, str]]:
        folded = [text.casefold() for text in texts]
        counts = [
            (sum(phrase.casefold() in text for text in folded), f"the phrase {excerpt(phrase)!r}")
            for phrase in self.fallback_phrases
        ]
        return [c for c in counts if c[0] > self.max_share * len(texts)]

    def _values_over(self, texts: Sequence[str], wrappers: Wrappers) -> list[tuple[int, str]]:
        counts: Counter[tuple[str, object]] = Counter()
        for text in texts:
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
        most = self.max_share * len(texts)
        over = [(count, key) for key, count in counts.items() if count > most]
        return [(count, f"the value {_shown(key)} of {pointer}") for count, (pointer, key) in over]


@dataclass(frozen=True, slots=True)
class AnswersVary:
    """Holds the answers of a task's models to a ``Variety``."""

    variety: Variety
    wrappers: Wrappers

    def judge(self, completions: Iterable[tuple[Case, Completion]]) -> Verdict:
        return self.variety.judge(completions, self.wrappers)


def run_check_for(task: RunDeclarations) -> AnswersVary:
    assert task.variety is not None, "NEEDS says so"
    return AnswersVary(task.variety, task.output.wrappers)


def _shown(key: object) -> str:
    """The value behind an ``equality_key``, as far as a line has room for it."""
    parts = key if isinstance(key, tuple) else (key,)
    return show(parts[-1]) if len(parts) == 2 else excerpt(" ".join(str(p) for p in parts))
