"""Holds of an experiment's log what a decision needs: some fifty bytes for each request.

What many lines share (the arm's model, the task, the outcomes) is there once; of keys and times
there are numbers alone. Texts, ids and reasons are left behind, so that a log may be longer than
memory is large.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from harness.ab.entry import LogEntry, outcome_in
from harness.ab.experiment import Arm
from harness.core.verdict import Outcome, Verdict

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_KEY_BYTES = 16
_NO_KEY = bytes(_KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Source:
    """What asked and answered a request; one for all requests that have it in common."""

    experiment: str
    split: float
    arm: Arm
    model: str
    weights: str | None
    identity: str
    task: str
    task_sha256: str

    @property
    def share(self) -> float:
        """Probability with which the candidate was drawn, between 0 and 1."""
        return self.split / 100


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The outcomes of an answer; one for all answers with the same."""

    is_owed: bool
    """There is no answer."""
    verdicts: Mapping[str, Verdict]
    """Outcomes alone, in the order of the task's checks."""
    required: tuple[str, ...]

    def outcome(self, behavior: str | None = None, required: tuple[str, ...] = ()) -> Outcome:
        """The outcome of one behavior, or of all ``required`` ones where none is named; an error
        where it is not judged."""
        if self.is_owed:
            return Outcome.ERROR
        return outcome_in(self.verdicts, required or self.required, behavior)


class Request(NamedTuple):
    """One request, as far as a decision needs it."""

    when: int
    """When it came, in microseconds of the epoch."""
    key: bytes
    """A hash of its key; empty where it has none, and so is a key of its own."""
    seconds: float
    source: Source
    answer: Answer


class Traffic:
    """The requests of an experiment, in the order of time whatever order they were added in."""

    def __init__(self, entries: Iterable[LogEntry] = ()) -> None:
        self._when, self._seconds = array("q"), array("d")
        self._keys = bytearray()
        self._source, self._answer = array("L"), array("L")
        self._sources: dict[Source, int] = {}
        self._answers: dict[tuple[object, ...], int] = {}
        self._known_sources: list[Source] = []
        self._known_answers: list[Answer] = []
        self._order: Sequence[int] | None = None
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        return len(self._when)

    def __iter__(self) -> Iterator[Request]:
        """The requests in the order of time; of those at one time in the order of the log."""
        for i in self._in_order():
            key = bytes(self._keys[i * _KEY_BYTES : (i + 1) * _KEY_BYTES])
            yield Request(
                self._when[i],
                b"" if key == _NO_KEY else key,
                self._seconds[i],
                self._known_sources[self._source[i]],
                self._known_answers[self._answer[i]],
            )

    @property
    def ends(self) -> tuple[int, int]:
        """When the first and the last request came; there is one at least."""
        return min(self._when), max(self._when)

    def add(self, entry: LogEntry) -> None:
        """Take what a decision needs of a line."""
        self._order = None
        self._when.append(_microseconds(entry.time))
        self._seconds.append(entry.seconds)
        self._keys += _hash(entry.key) if entry.key else _NO_KEY
        self._source.append(self._source_of(entry))
        self._answer.append(self._answer_of(entry))

    def _in_order(self) -> Sequence[int]:
        if self._order is None:
            order = sorted(range(len(self)), key=self._when.__getitem__)
            self._order = array("L", order)
        return self._order

    def _source_of(self, entry: LogEntry) -> int:
        found = Source(
            entry.experiment,
            entry.split,
            entry.arm,
            entry.model,
            entry.weights,
            entry.identity,
            entry.task,
            entry.task_sha256,
        )
        place = self._sources.setdefault(found, len(self._known_sources))
        if place == len(self._known_sources):
            self._known_sources.append(found)
        return place

    def _answer_of(self, entry: LogEntry) -> int:
        outcomes = tuple((name, verdict.outcome) for name, verdict in entry.verdicts.items())
        found = entry.is_owed, entry.required, outcomes
        place = self._answers.setdefault(found, len(self._known_answers))
        if place == len(self._known_answers):
            verdicts = {name: Verdict(outcome) for name, outcome in outcomes}
            self._known_answers.append(Answer(entry.is_owed, verdicts, entry.required))
        return place


def time_text(when: int) -> str:
    """UTC, RFC 3339, with milliseconds or more, as a line of the log has it."""
    time = EPOCH + when * MICROSECOND
    unit = "microseconds" if when % 1000 else "milliseconds"
    return time.isoformat(timespec=unit).replace("+00:00", "Z")


def _microseconds(time: str) -> int:
    return (datetime.fromisoformat(time) - EPOCH) // MICROSECOND


def _hash(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
