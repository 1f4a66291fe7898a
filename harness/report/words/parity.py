"""Parity between models in the words and numbers that the terminal and the page share."""

from collections import Counter
from typing import Protocol

from harness.core.modelref import ModelRef
from harness.parity.tokenization import format_mismatch, format_setting, format_token
from harness.parity.values import (
    AnswerParity,
    Divergence,
    FirstStep,
    ModelMeasure,
    Parity,
    SettingDifference,
    TokenizationParity,
    TokenText,
)
from harness.report.words import numbers as words

NEAR_TIE = 0.1
"""Logits. Of two tokens closer than this, the likelier one has a probability of 52.5% at most, so
that rounding may choose."""


class ComparedModels(Protocol):
    """Two models whose tokenization and first tokens were compared."""

    @property
    def is_copy(self) -> bool: ...
    @property
    def reading(self) -> TokenizationParity | None: ...
    @property
    def first_step(self) -> FirstStep | None: ...


def labels(parity: Parity) -> dict[str, str]:
    """A short name for each ref: kind and name, or all of it where two would be alike."""
    short = {m.ref: f"{ModelRef.parse(m.ref).kind}:{m.name}" for m in parity.models}
    count = Counter(short.values())
    return {ref: name if count[name] == 1 else ref for ref, name in short.items()}


def reading(pair: ComparedModels) -> tuple[str, ...]:
    """The comparison of two tokenizations: the count first, then a line for each difference."""
    found = pair.reading
    if found is None:
        return ("not measured",)
    same = found.prompts - found.mismatched
    head = f"{same:,} of {words.plural(found.prompts, 'prompt')} read as the same tokens"
    lines = [head, *map(format_mismatch, found.mismatches[:MAX_LINES])]
    if found.mismatched > MAX_LINES:
        lines.append(f"and {found.mismatched - MAX_LINES:,} more prompts")
    lines += [format_setting(s) + _effect(s, found) for s in found.settings]
    if not found.settings:
        lines[0] += "; chat template, BOS, EOS, PAD alike"
    return tuple(lines)


MAX_LINES = 5
"""Mismatched prompts that are written out; ``parity.json`` has more."""


def _effect(setting: SettingDifference, found: TokenizationParity) -> str:
    """The effect of a difference that is no fault by itself."""
    if setting.is_wrong:
        return ""
    if setting.name == "end of answer":
        return " (it stops at more tokens)"
    return "" if found.mismatched else " (no prompt is read otherwise for it)"


def first_step(pair: ComparedModels) -> tuple[str, ...]:
    """The comparison of the logits after the prompts; of a copy, also the prompts that differ."""
    found = pair.first_step
    if found is None:
        return ("not measured",)
    most, mean = words.significant(found.max_difference), words.significant(found.mean_difference)
    lines = [
        f"the same for {found.agreeing:,} of {words.plural(found.prompts, 'prompt')} "
        f"({words.percent(found.agreement)}); logits differ by {most} at most, {mean} on average"
    ]
    for m in found.mismatches[:MAX_LINES] if pair.is_copy else ():
        old, new = words.significant(m.margin_before), words.significant(m.margin_after)
        lines.append(
            f"{m.case_id}: {format_token(m.before)} leads by {old} before, "
            f"{format_token(m.after)} by {new} after"
        )
    return tuple(lines)


def errors(parity: Parity) -> tuple[str, ...]:
    """``gguf:m.gguf: did not answer: it broke``, of each model that did."""
    names = labels(parity)
    broken = (m for m in parity.models if m.error is not None)
    return tuple(f"{names[m.ref]}: did not answer: {m.error}" for m in broken)


def identical(answers: AnswerParity) -> str:
    """``291 of 300 answers identical (97.0%)``."""
    if not answers.cases:
        return "no case was answered by both"
    share = words.percent(answers.identical / answers.cases)
    return f"{answers.identical:,} of {words.plural(answers.cases, 'answer')} identical ({share})"


def change(before: float | None, after: float | None) -> str:
    """``97.3% -> 97.0% (-0.3 points)``."""
    if before is None or after is None:
        return ""
    points = (after - before) * 100
    return f"{words.percent(before)} -> {words.percent(after)} ({words.signed(points)} points)"


def ties(answers: AnswerParity) -> str:
    """The share of differences that begin at a near tie of the model before."""
    known = [d.margin_before for d in answers.divergences if d.margin_before is not None]
    if not known:
        return ""
    near = sum(abs(m) < NEAR_TIE for m in known)
    text = (
        f"differences that begin at a near tie, the token before leading by less than "
        f"{NEAR_TIE:g} logits: {near:,} of {len(known):,}"
    )
    margins = (m for d in answers.divergences for m in (d.margin_before, d.margin_after))
    below = sum(m is not None and m < 0 for m in margins)
    return f"{text}; {words.plural(below, 'margin')} below 0: {BELOW_ZERO}" if below else text


BELOW_ZERO = (
    "computed again in one pass, the logits are rounded otherwise than token by token, and the "
    "token that was generated comes second"
)


def flipped(found: Divergence) -> str:
    """``regressed json_validity; fixed grounding``."""
    parts = []
    if found.regressed:
        parts.append(f"regressed {', '.join(found.regressed)}")
    if found.fixed:
        parts.append(f"fixed {', '.join(found.fixed)}")
    return "; ".join(parts)


def token(found: TokenText | None) -> str:
    """The token at which two answers diverge, or ``cut off`` where one of them ended there."""
    return "cut off" if found is None else format_token(found)


def margins(found: Divergence, missing: str) -> tuple[str, ...]:
    """The two margins and the shift, in logits; ``missing`` where one was not measured."""
    values = (found.margin_before, found.margin_after, found.shift)
    return tuple(missing if value is None else words.significant(value) for value in values)


def cost_cells(model: ModelMeasure, task: str) -> tuple[str, ...]:
    """Success rate, size, memory, speed, p50, p95; empty where not measured."""
    rate, speed = model.success.get(task), model.tokens_per_second
    return (
        "" if rate is None else words.percent(rate),
        _known("_mb", None if model.size_bytes is None else model.size_bytes / 1e6),
        _known("_mb", model.peak_memory_mb),
        "" if speed is None else f"{speed:,.0f}",
        _known("_seconds", model.p50_seconds.get(task)),
        _known("_seconds", model.p95_seconds.get(task)),
    )


def _known(suffix: str, value: float | None) -> str:
    return "" if value is None else words.quantity(suffix, value)


COST_HEADINGS = ("success", "size", "memory", "tokens/s", "p50", "p95")


def tasks_of(parity: Parity) -> tuple[str, ...]:
    """Every task of the run, in its order."""
    return tuple(dict.fromkeys(a.task for pair in parity.pairs for a in pair.answers))


LEGEND = (
    "Margins, of the model before and of the one after: how far its own token stands above its "
    "next best, in logits, after the prompt and all that both answers share. Shift: by how much "
    "the two models differ over these two tokens. A margin can be below 0: "
    f"{BELOW_ZERO}."
)
