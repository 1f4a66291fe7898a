"""Numbers as a person reads them: the same rounding and the same words in every format."""

import math
from dataclasses import replace

from harness.core.held_values import RATE_ENDING, held_values, shown_value
from harness.core.record import BehaviorResult

MINUS = "\N{MINUS SIGN}"
"""The minus of the page; other formats write a hyphen."""
_UNITS = {"_seconds": "s", "_mb": "MB"}
_MIN_P = 0.001


def percent(rate: float) -> str:
    """One decimal, and 0% or 100% only where nothing or everything passed."""
    value = round(rate * 100, 1)
    if value == 0 and rate > 0:
        value = 0.1
    if value == 100 and rate < 1:
        value = 99.9
    return f"{value:.1f}%"


def interval(ends: tuple[float, float] | None) -> str:
    """``8.5 to 15.8%``, or nothing."""
    if ends is None:
        return ""
    return f"{ends[0] * 100:.1f} to {ends[1] * 100:.1f}%"


def over(wordings: int | None) -> str:
    """`` over new wordings``, after an interval of cases that share wordings; else nothing."""
    return "" if wordings is None else " over new wordings"


def signed(value: float, decimals: int = 1, minus: str = "-") -> str:
    """``+3.3`` or ``-3.3``; ``+0.0`` for what rounds to nothing."""
    rounded = round(value, decimals)
    return f"{minus if rounded < 0 else '+'}{abs(rounded):,.{decimals}f}"


def budget(result: BehaviorResult, least: str = "at least", most: str = "at most") -> str:
    """``at least 95%`` or ``at most 2 s``, or nothing."""
    if result.budget is None:
        return ""
    if result.measured:
        return limit(shown_value(result), result.budget, most, least)
    return f"{least} {_short(result.budget * 100)}%"


def limit(name: str, value: float, most: str = "at most", least: str = "at least") -> str:
    """``at most 2 s`` of a measured value, ``at least 90%`` of a measured share."""
    if name.endswith(RATE_ENDING):
        return f"{least} {_short(value * 100)}%"
    return f"{most} {_short(value)} {unit(name)}".rstrip()


def headline(result: BehaviorResult) -> tuple[str, float]:
    """The measured value that the budget limits; else the p95 where there is one."""
    name = shown_value(result)
    return name, result.measured[name]


def by_budget(result: BehaviorResult) -> tuple[BehaviorResult, ...]:
    """The result, or where it holds several measured values to a budget, a result for each of them
    with its own outcome; failure codes and further values are the first one's."""
    held = held_values(result)
    if len(held) < 2:
        return (result,)
    is_known = result.met is not None
    parts = [
        replace(
            result,
            budget=one.most,
            limited=one.name,
            met=one.is_met if is_known else None,
            measured=result.measured if one is held[0] else {one.name: one.value},
            codes=result.codes if one is held[0] else {},
        )
        for one in held
    ]
    if result.met is False and all(part.met for part in parts):
        parts[0] = replace(parts[0], met=False)  # It failed for another reason.
    return tuple(parts)


def quantity(name: str, value: float) -> str:
    """``0.61 s`` for 0.61 under the name ``p95_seconds``, ``61.0%`` under ``raw_rate``."""
    if name.endswith(RATE_ENDING):
        return percent(value)
    return f"{significant(value)} {unit(name)}".rstrip()


def label(name: str) -> str:
    """``first token`` for ``first_token_seconds``."""
    for suffix in (*_UNITS, RATE_ENDING):
        name = name.removesuffix(suffix)
    return name.replace("_", " ")


def unit(name: str) -> str:
    """The unit at the end of a measured value's name, or nothing."""
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")


def significant(value: float, digits: int = 3) -> str:
    """Three significant digits, without exponents from 1e-6 on."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    shown = f"{value:,.{min(decimals, 6)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def p_value(p: float) -> str:
    """``p = 0.0096``, ``p < 0.001``."""
    if p < _MIN_P:
        return f"p < {_MIN_P}"
    return f"p = {p:.2g}" if p < 0.995 else "p = 1"


def plural(count: int, noun: str) -> str:
    """``1 case``, ``1,204 cases``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def sentence(clause: str) -> str:
    """The clause with a capital and a full stop."""
    return f"{clause[:1].upper()}{clause[1:]}."


def duration(seconds: float) -> str:
    """``14.5 s``, ``3 min 5 s``."""
    if seconds < 60:
        return f"{significant(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _short(number: float) -> str:
    return f"{number:,.10g}"
