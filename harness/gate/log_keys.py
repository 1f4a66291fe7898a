"""The keys of an experiment: one observation each, however many requests a key makes.

A key is drawn once, so its answers are one trial of its arm. It counts with the mean of its answers
in the hours after its first request, once these are over: a mean that goes on changing would be no
trial, and of a key that is still coming nobody knows it. A request without a key is a key of its
own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import ceil, log

from harness.ab.entry import LogEntry
from harness.ab.experiment import BASELINE, CANDIDATE, Arm
from harness.core.verdict import JUDGED, Outcome
from harness.gate.policy import GatePolicy
from harness.stats.betting import Bets, Observation

KEY_HOURS = 24.0
"""Hours after a key's first request in which its answers count."""


@dataclass(frozen=True, slots=True)
class Key:
    """The answers of one key that count."""

    arm: Arm
    share: float
    """Probability with which the candidate was drawn, between 0 and 1."""
    closes: float
    """Time from which the key counts, in seconds of the epoch."""
    answers: tuple[LogEntry, ...]


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


def keys_of(entries: Iterable[LogEntry], hours: float, now: float) -> Keys:
    """The keys of entries that are in the order of time.

    Args:
        entries: of one task.
        hours: in which a key's answers count.
        now: keys that close later do not count yet; in seconds of the epoch.
    """
    found: dict[str, list[LogEntry]] = {}
    for entry in entries:
        found.setdefault(entry.key or f"request {entry.id}", []).append(entry)
    keys = [_key(own, hours) for own in found.values()]
    closed = sorted((key for key in keys if key.closes <= now), key=lambda key: key.closes)
    switched = sum(len({entry.arm for entry in own}) > 1 for own in found.values())
    return Keys(tuple(closed), len(keys) - len(closed), switched)


def _key(own: Sequence[LogEntry], hours: float) -> Key:
    first = own[0]
    came = seconds_of(first)
    closes = came if first.key is None else came + hours * 3600
    counted = tuple(e for e in own if e.arm == first.arm and seconds_of(e) <= closes)
    return Key(first.arm, first.split / 100, closes, counted)


def seconds_of(entry: LogEntry) -> float:
    """When the request came, in seconds of the epoch."""
    return datetime.fromisoformat(entry.time).timestamp()


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
    outcomes = [[a.outcome(behavior, required) for a in key.answers] for key in keys]
    judged = [*zip(keys, outcomes, strict=True)]
    return Trials(
        _rate([o for k, o in judged if k.arm == BASELINE]),
        _rate([o for k, o in judged if k.arm == CANDIDATE]),
        _bets(keys, [_share(o, owed_passes=k.arm == CANDIDATE) for k, o in judged], 1),
        _bets(keys, [_share(o, owed_passes=k.arm == BASELINE) for k, o in judged], -1),
    )


def _share(outcomes: Sequence[Outcome], *, owed_passes: bool) -> float:
    """Share of a key's answers that pass."""
    passed = sum(o is Outcome.PASSED or (o not in JUDGED and owed_passes) for o in outcomes)
    return passed / len(outcomes)


def _rate(keys: Sequence[Sequence[Outcome]]) -> ArmRate:
    judged = [[o is Outcome.PASSED for o in own if o in JUDGED] for own in keys]
    means = [sum(own) / len(own) for own in judged if own]
    answers = sum(map(len, judged))
    owed = sum(map(len, keys)) - answers
    return ArmRate(len(keys), answers, owed, sum(means) / len(means) if means else None)


FIRST_CENTER = 32
"""Keys after which the center is set for the first time; then whenever they have doubled."""


def _bets(keys: Sequence[Key], shares: Sequence[float], sign: int) -> Bets:
    return Bets(Counter(observations(keys, shares, sign)))


def observations(keys: Sequence[Key], shares: Sequence[float], sign: int) -> Iterator[Observation]:
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
    outcomes = ([a.outcome(None, required) for a in key.answers] for key in keys)
    shares = Counter(_share(own, owed_passes=False) for own in outcomes)
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
