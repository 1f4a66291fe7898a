"""Lays out what stands below an answer: verdicts, the place of a failure, tokens and time."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.chat.exchange import Reply
from harness.core.completion import Completion, FinishReason
from harness.core.plan import Request
from harness.core.printable import excerpt, printable
from harness.core.verdict import Outcome, Verdict
from harness.report.words.carets import WIDTH, underline
from harness.report.words.numbers import plural

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.ERROR: "yellow",
    Outcome.SKIPPED: "dim",
}
LABEL_COLUMNS = 11
"""Columns before a verdict's text: the margin, the longest outcome and the gap."""
EDGES = 4
"""Columns of an excerpt's bar and ellipses."""
REASON = 200
"""Characters of a reason."""


def details(reply: Reply, columns: int) -> RenderableType:
    """Everything below the text of an answer."""
    if reply.answer.error is not None:
        return Text(f"  no answer: {printable(reply.answer.error)}{hint(reply)}", "bold red")
    judged = [verdicts(reply.verdicts, reply.answer.text, columns)] if reply.verdicts else []
    return Group(*judged, *(Text(f"  {line}", "dim") for line in measured(reply)))


def verdicts(found: Mapping[str, Verdict], text: str, columns: int) -> RenderableType:
    """Behaviors by outcome: those that failed first, each with its place in the text."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for outcome in (Outcome.FAILED, Outcome.ERROR):
        alike: dict[Verdict, list[str]] = {}
        for name, verdict in found.items():
            if verdict.outcome is outcome:
                alike.setdefault(verdict, []).append(name)
        for verdict, names in alike.items():
            table.add_row(_label(outcome), Group(*_fault(names, verdict, text, columns)))
    if passed := [n for n, v in found.items() if v.outcome is Outcome.PASSED]:
        table.add_row(_label(Outcome.PASSED), ", ".join(passed))
    skipped = [f"{n} ({v.reason})" for n, v in found.items() if v.outcome is Outcome.SKIPPED]
    if skipped:
        table.add_row(_label(Outcome.SKIPPED), Text(printable(", ".join(skipped)), "dim"))
    return table


def _label(outcome: Outcome) -> Text:
    word = outcome.value.upper() if outcome is Outcome.FAILED else outcome.value
    return Text(f"  {word}", STYLES[outcome])


def _fault(names: Sequence[str], verdict: Verdict, text: str, columns: int) -> Iterator[Text]:
    code = f"{verdict.code.value}: " if verdict.outcome is Outcome.FAILED and verdict.code else ""
    yield Text(f"{', '.join(names)}: {code}{excerpt(verdict.reason, REASON)}")
    if verdict.span is None:
        return
    room = max(8, min(WIDTH, columns - LABEL_COLUMNS - EDGES))
    for line in underline(text, verdict.span, room):
        yield Text(f"| {line}", no_wrap=True, overflow="ellipsis")


def measured(reply: Reply) -> Iterator[str]:
    """Tokens and time of an answer, and why it ended where it did not end by itself."""
    if reply.answer.is_stopped:
        yield f"stopped after {reply.answer.seconds:.1f} s, not judged"
        return
    completion = reply.answer.completion
    if not completion.text:
        yield "the answer is empty"
    yield speed(completion, reply.answer.seconds)
    if completion.finish_reason is FinishReason.LENGTH:
        yield _cut(completion, reply.request)


def speed(completion: Completion, seconds: float) -> str:
    """``27 tokens, the first after 0.14 s, then 96 a second``."""
    timing, tokens = completion.timing, len(completion.token_ids)
    parts = [plural(tokens, "token")] if tokens else [f"{seconds:.2f} s"]
    if timing is not None:
        parts.append(f"the first after {timing.first_token_seconds:.2f} s")
        rest = timing.seconds - timing.first_token_seconds
        if tokens > 1 and rest > 0:
            parts.append(f"then {(tokens - 1) / rest:,.0f} a second")
    elif tokens and seconds > 0:
        parts.append(f"{tokens / seconds:,.0f} a second")
    return ", ".join(parts)


def _cut(completion: Completion, request: Request) -> str:
    tokens, most = len(completion.token_ids), request.sampling.max_new_tokens
    if tokens and tokens < most:
        held = completion.prompt_tokens + tokens
        return f"cut: the model's context of {held:,} tokens is full, /reset begins anew"
    return f"cut at {most:,} tokens, /set max_new_tokens N allows more"


def hint(reply: Reply) -> str:
    """The way out for a conversation that no longer fits."""
    error = reply.answer.error or ""
    is_full = error.startswith("the prompt has ") and "the model holds" in error
    return ": the conversation is too long, /reset begins anew" if is_full else ""


def columns_of(names: Sequence[str], cells: Sequence[RenderableType], width: int) -> RenderableType:
    """Answers side by side, each below its model's name."""
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    each = width // len(names) - 2
    for _ in names:
        table.add_column(width=each, overflow="fold")
    table.add_row(*(Text(printable(name), "bold", overflow="fold") for name in names))
    table.add_row(*cells)
    return table
