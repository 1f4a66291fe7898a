"""Wrong times: one that exists and is not in the prompt, one that cannot be."""

import datetime
from collections.abc import Iterator
from typing import Any

from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.text.facts import facts_of

_DAYS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 400)


def shifted(rule: TimestampRule, value: Any, prompt: str) -> str | None:
    """A time of the same kind that the prompt does not have; ``None`` where there is none here, or
    where a bound of the rule could be what it breaks."""
    if not isinstance(value, str) or rule.earliest or rule.latest or rule.order != "any":
        return None
    if rule.kind in ("date", "datetime"):
        return next(_days(value, prompt), None)
    return next(_clocks(rule, value, prompt), None) if rule.kind == "game_clock" else None


def impossible(rule: TimestampRule, value: Any) -> Any:
    """A time that no calendar, no day and no game has, in the form of ``value``."""
    if isinstance(value, int):
        return 10**17
    if rule.kind in ("date", "datetime"):
        return "2023-02-30" + (value[10:] if isinstance(value, str) else "")
    words = {"time": "25:61:00", "duration": "P", "unix": "soon"}
    return words.get(rule.kind, "Q5 13:70")


def _days(value: str, prompt: str) -> Iterator[str]:
    try:
        day = datetime.date.fromisoformat(value[:10])
    except ValueError:
        return
    for step in _DAYS:
        other = day - datetime.timedelta(days=step)
        if other not in facts_of(prompt).days:
            yield other.isoformat() + value[10:]


def _clocks(rule: TimestampRule, value: str, prompt: str) -> Iterator[str]:
    period, _, _ = value.partition(" ")
    for seconds in (17, 43, 71, 109, 163, 229):
        other = f"{period} {seconds // 60:02}:{seconds % 60:02}"
        if other not in prompt and other.partition(" ")[2] not in prompt and rule.read(other):
            yield other
