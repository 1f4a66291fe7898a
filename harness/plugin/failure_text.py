"""Text of a failed behavior: the rate, the failure codes, and three failing completions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt, printable
from harness.core.record import BehaviorResult, Counterexample
from harness.core.verdict import Outcome, Verdict
from harness.report.console.screen import folded
from harness.report.words.carets import WIDTH, underline
from harness.report.words.escaping import safe_line
from harness.report.words.numbers import over
from harness.run.behavior import MAX_ERRORS, Tally

Judge = Callable[[Case, Completion], Verdict]

EXAMPLES = 3
MAX_CODES = 5


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
    line = (
        f"{result.behavior}: {result.passed} of {judged} completions pass{each}, {result.rate:.1%} "
        f"(95% interval {low:.1%} to {high:.1%}{over(result.wordings)})"
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

    def __init__(self, tally: Tally, judge: Judge, more: Sequence[str] = ()) -> None:
        super().__init__([*_paragraphs(tally, tally.result()), *more])
        self.tally = tally
        self.judge = judge
        """Judges a further completion by the behavior."""

    def with_more(self, more: Sequence[str]) -> "RateMissed":
        """The same failure with additional text."""
        return RateMissed(self.tally, self.judge, more)


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


def _paragraphs(tally: Tally, result: BehaviorResult) -> Iterator[str]:
    yield headline(result)
    yield f"  model {result.model}, task {result.task}"
    if result.codes:
        shown = list(result.codes.items())[:MAX_CODES]
        yield "  codes: " + ", ".join(f"{code} {count}" for code, count in shown)
    if result.errors:
        yield f"  {_errors(tally, result)}"
    failures = tally.failures(EXAMPLES)
    if failures:
        yield f"  the {len(failures)} shortest of {result.failed} failing completions:"
    for completion, verdict in failures:
        yield ""
        yield from (f"  {line}" for line in example(completion, verdict))


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
