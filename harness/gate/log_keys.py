"""The keys of an experiment: one observation each, however many requests a key makes.

A key is drawn once, so its answers are one trial of its arm. It counts with the mean of its answers
in the hours after its first request, once these are over: a mean that goes on changing would be no
trial, and of a key that is still coming nobody knows it. A request without a key is a key of its
own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log
from typing import NamedTuple

from harness.ab.experiment import BASELINE, CANDIDATE, Arm
from harness.ab.traffic import Answer, Request
from harness.core.verdict import JUDGED, Outcome
from harness.gate.policy import GatePolicy
from harness.stats.betting import Bets, Observation

MICROSECONDS_OF_HOUR = 3_600_000_000
KEY_HOURS = 24.0
"""Hours after a key's first request in which its answers count."""


@dataclass(frozen=True, slots=True)
class Key:
    """The answers of one key that count."""

    arm: Arm
    share: float
    """Probability with which the candidate was drawn, between 0 and 1."""
    closes: int
    """Time from which the key counts, in microseconds of the epoch."""
    answers: tuple[Answer, ...]
    is_alone: bool = False
    """It is one request that came without a key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one task, or of all traffic."""

    closed: tuple[Key, ...]
    """In the order in which they began to count."""
    waiting: int
    """Keys whose hours are not over."""
    switched: int
    """Keys that both arms answered, since the split was changed: the first arm's answers count."""

    def of(self, arm: Arm) -> list[Key]:
        return [key for key in self.closed if key.arm == arm]


class _Open:
    """A key whose requests are being read in the order of time."""

    __slots__ = ("answers", "arm", "closes", "is_alone", "is_switched", "share")

    def __init__(self, first: Request, hours: float) -> None:
        self.arm, self.share = first.source.arm, first.source.share
        self.is_alone = not first.key
        lasts = 0 if self.is_alone else round(hours * MICROSECONDS_OF_HOUR)
        self.closes = first.when + lasts
        self.answers: list[Answer] = []
        self.is_switched = False

    def take(self, request: Request) -> None:
        """Count a request's answer if it is of the first arm, and in time."""
        if request.source.arm != self.arm:
            self.is_switched = True
        elif request.when <= self.closes:
            self.answers.append(request.answer)


def keys_of(requests: Iterable[Request], hours: float, now: int) -> Keys:
    """The keys of requests that are in the order of time.

    Args:
        requests: of one task.
        hours: in which a key's answers count.
        now: keys that close later do not count yet; in microseconds of the epoch.
    """
    found: list[_Open] = []
    places: dict[bytes, int] = {}
    for request in requests:
        place = places.setdefault(request.key, len(found)) if request.key else len(found)
        if place == len(found):
            found.append(_Open(request, hours))
        found[place].take(request)
    alike: dict[tuple[Answer, ...], tuple[Answer, ...]] = {}
    closed = []
    for key in sorted(found, key=lambda key: key.closes):
        if key.closes <= now:
            answers = tuple(key.answers)
            shared = alike.setdefault(answers, answers)
            closed.append(Key(key.arm, key.share, key.closes, shared, key.is_alone))
    return Keys(tuple(closed), len(found) - len(closed), sum(key.is_switched for key in found))


@dataclass(frozen=True, slots=True)
class ArmRate:
    """Answers of one arm: the mean over its keys."""

    keys: int
    answers: int
    """Judged ones."""
    owed: int
    """Answers that are not judged: errors, skips, no verdict."""
    rate: float | None
    """``None`` where no answer is judged."""


@dataclass(frozen=True, slots=True)
class Trials:
    """One behavior, or the composite, over the keys of a task."""

    before: ArmRate
    after: ArmRate
    falls: Bets
    """Bets that it fell. What is not judged counts for the candidate."""
    rises: Bets
    """Bets that it rose. What is not judged counts against the candidate."""


def trials_of(
    keys: Sequence[Key], behavior: str | None = None, required: tuple[str, ...] = ()
) -> Trials:
    """The trials of a behavior, or of the composite of ``required`` where none is named."""
    found = _counted(keys, behavior, required)
    arms = [key.arm for key in keys]
    judged = [*zip(arms, found, strict=True)]
    return Trials(
        _rate([own for arm, own in judged if arm == BASELINE]),
        _rate([own for arm, own in judged if arm == CANDIDATE]),
        _bets(keys, (o.share(owed_passes=a == CANDIDATE) for a, o in judged), 1),
        _bets(keys, (o.share(owed_passes=a == BASELINE) for a, o in judged), -1),
    )


class _Counted(NamedTuple):
    """A key's answers, by the outcome of one behavior or of the composite."""

    answers: int
    judged: int
    passed: int

    def share(self, *, owed_passes: bool) -> float:
        """Share of the answers that pass."""
        owed = self.answers - self.judged
        return (self.passed + owed * owed_passes) / self.answers


def _counted(
    keys: Sequence[Key], behavior: str | None, required: tuple[str, ...]
) -> list[_Counted]:
    """The counts of each key; those of keys with the same answers are one value."""
    known: dict[tuple[Answer, ...], _Counted] = {}
    for key in keys:
        if key.answers not in known:
            outcomes = [answer.outcome(behavior, required) for answer in key.answers]
            known[key.answers] = _Counted(
                len(outcomes), sum(o in JUDGED for o in outcomes), outcomes.count(Outcome.PASSED)
            )
    return [known[key.answers] for key in keys]


def _rate(keys: Sequence[_Counted]) -> ArmRate:
    means = [own.passed / own.judged for own in keys if own.judged]
    answers = sum(own.judged for own in keys)
    owed = sum(own.answers for own in keys) - answers
    return ArmRate(len(keys), answers, owed, sum(means) / len(means) if means else None)


FIRST_CENTER = 32
"""Keys after which the center is set for the first time; then whenever they have doubled."""


def _bets(keys: Sequence[Key], shares: Iterable[float], sign: int) -> Bets:
    return Bets(Counter(observations(keys, shares, sign)))


def observations(keys: Sequence[Key], shares: Iterable[float], sign: int) -> Iterator[Observation]:
    """One estimate of the drop from each key, or of the rise for a ``sign`` of -1.

    Each is unbiased, whatever the other keys are: the deviation of the key's share from a center,
    over the probability with which its arm was drawn. The draw alone makes it unbiased; the center,
    the mean of the keys before, makes it vary little.

    Args:
        keys: in the order in which they began to count.
        shares: of each key's answers that pass.
        sign: 1 or -1.
    """
    center, total, renewed = 1.0, 0.0, FIRST_CENTER
    for number, (key, share) in enumerate(zip(keys, shares, strict=True)):
        if number == renewed:
            center, renewed = round((total + 1) / (number + 1), 3), 2 * renewed
        yield _observation(key.arm, key.share, share, center, sign)
        total += share


@lru_cache(maxsize=4_096)
def _observation(arm: Arm, split: float, share: float, center: float, sign: int) -> Observation:
    """The estimate of a key; those that differ by rounding alone are one."""
    before, after = sign / (1 - split), -sign / split
    weight = before if arm == BASELINE else after
    ends = [w * (end - center) for w in (before, after) for end in (0.0, 1.0)]
    return Observation(round(weight * (share - center), 9), round(min(ends), 9))


SPREAD = 2.0
"""Logarithm of capital that an experiment needs beside the bound's own, for an estimate: bets of
the wrong sizes take a part of it, and half of the experiments have less luck than the mean."""


def keys_needed(keys: Sequence[Key], required: tuple[str, ...], policy: GatePolicy) -> int | None:
    """Keys until the bets against a drop of the margin win, about, if both arms pass as often as
    all keys so far do; ``None`` where they would not."""
    if not keys:
        return None
    found = _counted(keys, None, required)
    shares = Counter(own.share(owed_passes=False) for own in found)
    split = keys[-1].share
    center = sum(share * n for share, n in shares.items()) / len(keys)
    alike: dict[Observation, float] = {}
    for share, count in shares.items():
        for arm, chance in ((BASELINE, 1 - split), (CANDIDATE, split)):
            seen = _observation(arm, split, share, center, -1)
            alike[seen] = alike.get(seen, 0.0) + count * chance
    growth = Bets(alike).growth(-policy.margin)
    if growth <= 0:
        return None
    needed = ceil((log(1 / policy.tails.high) + SPREAD) / growth)
    return max(needed, len(keys) + 1, 2 * policy.min_cases)
