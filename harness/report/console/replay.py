"""One case answered again, as plain lines: both answers, and the verdicts that changed."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from harness.core.completion import Completion
from harness.core.logprobs import CERTAIN, least_certain
from harness.core.verdict import Outcome, Verdict
from harness.report.words import numbers as words
from harness.report.words.certainty import END, parted
from harness.report.words.certainty import probability_in_words as _words
from harness.report.words.escaping import log
from harness.report.words.excerpts import beginning, common_prefix

AROUND = 40
"""Characters of equal text shown on each side of a difference."""
MAX_SHOWN = 2_000
"""Characters shown of one difference."""
MAX_PIECES = 1_000
"""Words, or else lines, of each text that are compared, as difflib may take the square of their
number. Longer texts are one difference between the ends that they share."""
MOST_TOKENS = 5
MAX_TOKEN = 40
"""Characters shown of one token: some are hundreds of blanks."""
_WORD = re.compile(r"\w+| +|[\s\S]")


def lines(before: Completion, after: Completion) -> Iterator[str]:
    """The length and end of each answer, then both texts with ``[-removed-]`` and ``{+added+}``."""
    for name, completion in (("before", before), ("after", after)):
        yield f"  {name:<6}  {_ended(completion)}"
    if after.error is not None or before.error is not None:
        return
    if before.text == after.text:
        yield f"The same, character by character: {_shown(before.text)}"
        return
    yield f"Different: {_marked(list(differences(before.text, after.text)))}"


def certainty_lines(before: Completion, after: Completion) -> Iterator[str]:
    """The least certain tokens of each answer, and those at which the answers part; nothing where
    neither has log-probabilities."""
    named = [(n, c) for n, c in (("before", before), ("after", after)) if c.error is None]
    if not any(c.logprobs for _, c in named):
        return
    yield "Least certain tokens, each with its runner-up:"
    for name, completion in named:
        yield from _least_certain(name, completion)
    if tokens := parted([(c.text, c.logprobs) for c in (before, after)]):
        sides = zip(("before", "after"), tokens, strict=True)
        said = (f"{name} {_quoted(token.text)} {token.probability}" for name, token in sides)
        yield f"Here the answers part: {', '.join(said)}"


def _least_certain(name: str, completion: Completion) -> Iterator[str]:
    if completion.logprobs is None:
        yield f"  {name:<6}  no log-probabilities"
        return
    spans = least_certain(completion.logprobs, MOST_TOKENS)
    if not spans:
        yield f"  {name:<6}  every token has a probability over {CERTAIN:g}"
    for head, span in zip((name, *[""] * len(spans)), spans, strict=False):
        own = f"{_quoted(completion.text[span.start : span.end])} {_words(span.probability)}"
        other = f"{_quoted(span.runner_up)} {_words(span.runner_up_probability)}"
        yield f"  {head:<6}  {own}, {other}"


def _quoted(text: str) -> str:
    shown, rest = beginning(text, MAX_TOKEN)
    return f"`{log(shown)}`{rest}" if text else END


def differences(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Pairs of stretches that join to the two texts, in order; equal text stands on both sides."""
    head = common_prefix(before, after)
    left, right = before[head:], after[head:]
    tail = common_prefix(left[::-1], right[::-1])
    middle = left[: len(left) - tail], right[: len(right) - tail]
    ends = before[:head], left[len(left) - tail :]
    for stretch in ((ends[0], ends[0]), *_between(*middle), (ends[1], ends[1])):
        if any(stretch):
            yield stretch


def _between(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Stretches by words; by lines where there are too many words; else all of it as one."""
    for cut in (_WORD.findall, _lines):
        left, right = cut(before), cut(after)
        if max(len(left), len(right)) <= MAX_PIECES:
            for _, a, b, c, d in SequenceMatcher(None, left, right).get_opcodes():
                yield "".join(left[a:b]), "".join(right[c:d])
            return
    yield before, after


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def verdict_lines(
    recorded: Mapping[str, Verdict], before: Mapping[str, Verdict], after: Mapping[str, Verdict]
) -> Iterator[str]:
    """The verdicts that changed with the answer.

    Args:
        recorded: the verdicts of the run on its own answer.
        before: the verdicts of today's checks on that answer.
        after: the verdicts of today's checks on the other one.
    """
    then = {name: recorded.get(name, verdict) for name, verdict in before.items()}
    changed = [name for name in after if _kind(then[name]) != _kind(after[name])]
    if changed:
        yield f"{words.plural(len(changed), 'verdict')} changed:"
        width = max(len(log(name)) for name in changed)
        for name in changed:
            was, now = _said(then[name]), _said(after[name])
            why = f": {log(after[name].reason)}" if after[name].reason else ""
            yield f"  {log(name):<{width}}  {was} -> {now}{why}"
    alike = Counter(after[n].outcome for n in after if n not in changed)
    counted = ", ".join(f"{alike[o]} {o.value}" for o in Outcome if alike[o])
    if counted:
        yield f"{'Every other verdict is' if changed else 'Every verdict is'} as it was: {counted}."
    other = [n for n in before if n in recorded and _kind(recorded[n]) != _kind(before[n])]
    if other:
        names = ", ".join(map(log, other))
        yield f"The run's own answer is judged otherwise today than then: {names}."
    unknown = [name for name in recorded if name not in after]
    if unknown:
        yield f"Judged by pytest alone: {', '.join(map(log, unknown))}."


def _kind(verdict: Verdict) -> tuple[str, str]:
    return verdict.outcome.value, verdict.code.value if verdict.code else ""


def _said(verdict: Verdict) -> str:
    """``passed``, ``failed (text_before)``."""
    outcome, code = _kind(verdict)
    return f"{outcome} ({code})" if code else outcome


def _ended(completion: Completion) -> str:
    if completion.error is not None:
        return f"no completion: {log(completion.error)}"
    length = words.plural(len(completion.text), "character")
    tokens = words.plural(len(completion.token_ids), "token")
    how = {"stop": "ended by itself", "length": "was cut off by the token limit"}
    return f"{length}, {tokens}, {how[completion.finish_reason.value]}"


def _marked(stretches: list[tuple[str, str]]) -> str:
    parts = []
    for position, (before, after) in enumerate(stretches):
        if before == after:
            parts.append(_context(before, position == 0, position == len(stretches) - 1))
        else:
            parts.append(f"[-{_shown(before)}-]" if before else "")
            parts.append(f"{{+{_shown(after)}+}}" if after else "")
    return "".join(parts)


def _context(text: str, is_first: bool, is_last: bool) -> str:
    """Equal text, shortened to the end that precedes a difference and the beginning after one."""
    if len(text) <= 2 * AROUND:
        return log(text)
    head = "" if is_first else log(text[:AROUND])
    tail = "" if is_last else log(text[-AROUND:])
    return f"{head} … {tail}"


def _shown(text: str) -> str:
    shown, rest = beginning(text, MAX_SHOWN)
    return f"{log(shown)}{rest}"
