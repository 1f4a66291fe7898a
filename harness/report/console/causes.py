"""Causes as plain lines: how many cases, what went wrong, and one example of each.

Every line is safe to print, in a terminal and in the log of a workflow.
"""

from collections.abc import Iterator, Sequence

from harness.gate.causes import BehaviorCauses, Cause
from harness.report.words import causes as words
from harness.report.words.escaping import log

WIDTH = 80
MIN_EXAMPLE = 20
"""Columns that an example needs to stand beside its cause."""
MAX_PHRASE = 30
"""Columns of a cause's words that leave room for an example beside them."""
MAX_STILL_FAILING = 3
"""Causes told of what fails on both sides, which is not what changed."""


def of_task(found: Sequence[BehaviorCauses], name: str = "", margin: str = "  ") -> Iterator[str]:
    """What broke and what still fails, each cause with an example; of behaviors outside of the
    composite, a sentence on what broke.

    ``name`` is the task's, where there are several.
    """
    place = f"{name}: " if name else ""
    composite, *others = found
    yield from lines(composite.broke, words.BROKE, place, margin)
    for other in others:
        said = words.sentence(other.broke, words.BROKE)
        yield f"{margin}{log(f'{place}{other.behavior}, {said}')}"
    yield from lines(composite.still_failing, words.STILL_FAIL, place, margin, MAX_STILL_FAILING)


def lines(
    causes: Sequence[Cause],
    verb: str,
    place: str = "",
    margin: str = "  ",
    limit: int = words.MAX_TOLD,
) -> Iterator[str]:
    """``48 broke:``, then for each cause the count, the words, the id of the example, its answer.

    An example that has no room beside its cause stands on a line below.
    """
    if not causes:
        return
    yield f"{margin}{log(place)}{words.heading(causes, verb)}:"
    shown, is_broken = causes[:limit], verb == words.BROKE
    said = [log(words.phrase_of(cause, is_broken=is_broken)) for cause in shown]
    number = max(len(f"{len(cause.failures):,}") for cause in shown)
    column = max((len(what) for what in said if len(what) <= MAX_PHRASE), default=0)
    for what, cause in zip(said, shown, strict=True):
        begun = f"{margin}  {len(cause.failures):>{number},} {what:<{column}}  "
        below = " " * (len(margin) + 3 + number)
        example = _example(cause, WIDTH - len(begun))
        if example:
            yield f"{begun}{example}"
        else:
            yield begun.rstrip()
            yield f"{below}{_example(cause, WIDTH - len(below), MIN_EXAMPLE)}".rstrip()
    if rest := words.count(causes[limit:]):
        ways = len(causes) - limit
        last = words.phrase_of(causes[-1], is_broken=is_broken)
        how = f"in {ways} other ways" if ways > 1 else last
        yield f"{margin}  {rest:>{number},} {log(how)}"


def _example(cause: Cause, columns: int, least: int = 0) -> str:
    """The case's id and its answer in so many columns; empty where there is no room for it."""
    name = log(cause.example.completion.case_id)
    room = max(least, columns - len(name) - 2)
    if not words.example(cause):
        return name if len(name) <= columns or least else ""
    return f"{name}  {log(words.example(cause, room))}" if room >= MIN_EXAMPLE else ""
