"""Text of a failed behavior: the rate, the causes in a sentence, and an example of each that no
behavior of the session told before."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt, printable
from harness.core.record import BehaviorResult, Counterexample
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.gate.causes import Cause, Failure, grouped
from harness.report.console.screen import folded
from harness.report.words import causes as words
from harness.report.words.carets import WIDTH, underline
from harness.report.words.escaping import safe_line
from harness.report.words.numbers import over
from harness.report.words.shares import share_lines
from harness.run.behavior import MAX_ERRORS, Tally

Judge = Callable[[Case, Completion], Verdict]

EXAMPLES = 3
"""Causes of one behavior that have an example; failing assertions of one."""
MIN_SHARE = 0.1
"""Share of a behavior's failures below which a cause has no example."""
MAX_CAUSES = 5
Told = dict[tuple[str, str, Cause], str]
"""The behavior that told a cause first, by model, task and cause."""


def headline(result: BehaviorResult) -> str:
    """One line: the rate and the budget."""
    judged = result.passed + result.failed
    if result.rate is None and result.errors:
        return f"cannot judge: {result.errors} of {judged + result.errors} are errors"
    if result.rate is None or result.interval is None:
        return "nothing was judged"
    low, high = result.interval
    cases = "the one case" if result.cases == 1 else f"each of {result.cases} cases"
    each = f" ({result.repeats} to {cases})" if result.repeats > 1 else ""
    passed = f"{result.passed} of {judged} completions pass{each}, {result.rate:.1%}"
    if result.shares is not None:
        passed = f"{result.rate:.1%} of the references' leaves are equal in the mean{each}"
    line = (
        f"{result.behavior}: {passed} (95% interval {low:.1%} to {high:.1%}{over(result.wordings)})"
    )
    if result.budget is not None:
        line += f", the budget is {result.budget:.1%}"
    if result.errors:
        line += f"; {result.errors} more could not be judged"
    return line


class BehaviorFailed(Exception):
    """A failed behavior. The first line of ``text`` is a summary."""

    def __init__(self, lines: Iterable[str]) -> None:
        shown = [safe_line(line) for line in lines]
        super().__init__(shown[0])
        self.text = "\n".join(shown)


class RateMissed(BehaviorFailed):
    """Too few completions of a task pass."""

    def __init__(
        self, tally: Tally, judge: Judge, told: Told | None = None, more: Sequence[str] = ()
    ) -> None:
        self.told = {} if told is None else told
        super().__init__([*_paragraphs(tally, tally.result(), self.told), *more])
        self.tally = tally
        self.judge = judge
        """Judges a further completion by the behavior."""

    def with_more(self, more: Sequence[str]) -> "RateMissed":
        """The same failure with additional text."""
        return RateMissed(self.tally, self.judge, self.told, more)


@dataclass(frozen=True, slots=True)
class CrashLine:
    """pytest's one-line summary of a failed test."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


class BehaviorText:
    """A BehaviorFailed as pytest prints it, in place of a traceback.

    pytest uses ``toterminal`` and ``reprcrash`` of a report's ``longrepr``.
    """

    def __init__(self, failed: BehaviorFailed, path: str, line: int | None) -> None:
        self.failed = failed
        self.reprcrash = CrashLine(path, (line or 0) + 1, str(failed))

    def __str__(self) -> str:
        return self.failed.text

    def toterminal(self, tw: Any) -> None:
        """Write the text to pytest's terminal writer."""
        lines = self.failed.text.splitlines()
        first = len([*self._folded(lines[:1], tw)])
        for number, line in enumerate(self._folded(lines, tw)):
            is_first = number < first
            tw.line(line, red=is_first, bold=is_first)

    def _folded(self, lines: Sequence[str], tw: Any) -> Iterator[str]:
        """Wrap text at words on a terminal, but never an excerpt and its carets."""
        for line in lines:
            is_whole = not tw.hasmarkup or line.lstrip().startswith("| ")
            yield from [line] if is_whole else map(safe_line, folded([line], tw.fullwidth))


def failed_case(tally: Tally, completion: Completion, verdict: Verdict) -> BehaviorFailed:
    """One completion does not pass, judged by itself."""
    first = f"{tally.behavior}: {verdict.reason}"
    about = f"  model {tally.model}, task {tally.task}"
    return BehaviorFailed([first, about, *example(completion, verdict)])


def failed_run(behavior: str, model: str, verdict: Verdict) -> BehaviorFailed:
    """Something measured over the whole run is over its budget."""
    return BehaviorFailed([f"{behavior}: {verdict.reason}", f"  model {model}"])


def _paragraphs(tally: Tally, result: BehaviorResult, told: Told) -> Iterator[str]:
    yield headline(result)
    yield f"  model {result.model}, task {result.task}"
    yield from (f"  {line}" for line in share_lines(result))
    if result.errors:
        yield f"  {_errors(tally, result)}"
    causes = grouped(
        Failure(completion, verdict, (tally.behavior,))
        for completion, verdict in tally.failures(len(tally.judged))
    )
    if causes:
        yield f"  {words.sentence(causes, words.FAIL, MAX_CAUSES)}"
        yield from (f"  {line}" for line in _examples(tally, causes, told))


def _examples(tally: Tally, causes: Sequence[Cause], told: Told) -> Iterator[str]:
    """One of each frequent cause, where no other behavior has told it; else these behaviors."""
    least = MIN_SHARE * words.count(causes)
    tellers: dict[str, None] = {}
    for cause in [c for c in causes if len(c.failures) >= least][:EXAMPLES]:
        teller = told.setdefault((tally.model, tally.task, cause.kind), tally.behavior)
        if teller != tally.behavior:
            tellers[teller] = None
            continue
        # Assertions of one behavior may say different things.
        shown = EXAMPLES if cause.code is FailureCode.ASSERTION else 1
        for failure in cause.failures[:shown]:
            yield from example(failure.completion, failure.verdict)
    if tellers:
        yield f"examples are at {' and '.join(tellers)}"


def _errors(tally: Tally, result: BehaviorResult) -> str:
    first = next(v for _, v in tally.judged if v.outcome is Outcome.ERROR)
    share = "" if result.rate is not None else f" (a rate needs at most {MAX_ERRORS:.0%})"
    return f"errors: {result.errors}{share}, the first: {excerpt(first.reason, 300)}"


def counterexample_text(found: Counterexample, commands: tuple[str, str]) -> list[str]:
    """Lines of the smallest failing prompt, and the commands that judge it again and keep it."""
    sample = found.sample
    lines = ["", f"  the smallest failing prompt, {_effort(found)}:"]
    for message in sample.messages:
        first, *rest = printable(message.content, one_line=False).split("\n")
        lines += [f"    {message.role}: {first}", *(f"      {line}" for line in rest)]
    verdict = sample.verdicts[found.behavior]
    lines += [f"  {line}" for line in example(sample.completion, verdict)]
    lines += [f"  judge it again: {commands[0]}", f"  keep it as a case: {commands[1]}"]
    return lines


def _effort(found: Counterexample) -> str:
    """Origin of the prompt, and number of steps and prompts of the search."""
    origin, steps = found.drawn_from, found.steps
    is_drawn = found.sample.case_id == origin
    if not steps:
        return f"as it was drawn ({origin}); no smaller one was asked about"
    effort = f"{steps} step{'s'[: steps - 1]}, {found.requests} prompts"
    effort += ", then stopped: there may be a smaller one" if found.is_bounded else ""
    return f"as it was drawn ({effort})" if is_drawn else f"made of {origin} ({effort})"


def example(completion: Completion, verdict: Verdict) -> Iterator[str]:
    """One completion: its case, the reason, and an excerpt with carets under the failure."""
    code = f"{verdict.code.value}: " if verdict.code else ""
    yield f"case {completion.case_id}: {code}{verdict.reason}"
    if verdict.span is None:
        yield f"  | {excerpt(completion.text, WIDTH)}"
        return
    line, caret = underline(completion.text, verdict.span)
    yield f"  | {line}"
    yield f"  | {caret}"
