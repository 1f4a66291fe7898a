"""The report as Markdown: a step's summary in CI, and the comment under a pull request.

Text of a model stands in ``<pre>`` or as character references, where Markdown does not obey it.
"""

from collections.abc import Iterator, Sequence

from harness.core.record import FORMAT_SUCCESS, BehaviorResult, RunRecord, Sample
from harness.gate.causes import (
    BehaviorCauses,
    Cause,
    deciding_causes,
    examples_first,
    explaining_behaviors,
    first_failure,
)
from harness.gate.compare import CaseChange
from harness.gate.decision import TaskDecision, regressed_cases
from harness.gate.outcome import GateOutcome
from harness.report.report import Report
from harness.report.words import causes as why
from harness.report.words import decision as decisions
from harness.report.words import log_decision as experiments
from harness.report.words import numbers as words
from harness.report.words.comparison import is_unjudged
from harness.report.words.escaping import block, markdown
from harness.report.words.grammar_lift import TITLE, GrammarLift, grammar_lifts
from harness.report.words.leading import unchanged
from harness.report.words.noise import lines
from harness.report.words.provenance import facts
from harness.report.words.resources import is_alarm
from harness.report.words.shares import share_lines
from harness.report.words.stated import stated_line

SUFFIX = ".md"
MAX_CASES = 20
"""Regressed cases that are shown; the rest are counted."""
MAX_CHARACTERS = 600
"""Characters shown of a prompt or an answer."""
SUMMARY_BYTES = 1_000_000
"""GitHub refuses a step summary of 1 MiB."""
COMMENT_CHARACTERS = 65_000
"""GitHub refuses a comment of 65,536 characters."""
_SIGNS = {
    GateOutcome.PASS: "✅",
    GateOutcome.REGRESSION: "❌",
    GateOutcome.INCONCLUSIVE: "❔",
    GateOutcome.NOT_COMPARABLE: "⛔",
}


def render(report: Report) -> str:
    """The whole report, small enough for a step's summary."""
    return within(report, SUMMARY_BYTES // 4)


def comment(report: Report) -> str:
    """The report, small enough for a comment."""
    return within(report, COMMENT_CHARACTERS)


def within(report: Report, limit: int) -> str:
    """The report in at most ``limit`` characters: cases are left out first, and counted."""
    parts = [*_head(report)]
    size = sum(map(len, parts))
    cases = [*_cases(report)]
    room = limit - size - 200
    shown: list[str] = []
    for case in cases[:MAX_CASES]:
        if room < len(case):
            break
        room -= len(case)
        shown.append(case)
    if len(shown) < len(cases):
        left = words.plural(len(cases) - len(shown), "more case")
        shown.append(f"\n…and {left} broke: see the report's page.\n")
    title = ["\n### What broke\n"] if cases else []
    whole = "".join([*parts, *title, *shown])
    return whole if len(whole) <= limit else whole[: limit - 20].rpartition("\n")[0] + "\n\n(cut)\n"


def _head(report: Report) -> Iterator[str]:
    if report.experiment is not None:
        found = report.experiment
        yield f"## {_SIGNS[found.outcome]} {markdown(experiments.sentence(found))}\n\n"
        for line in experiments.explanation(found):
            yield f"- {markdown(line)}\n"
    if report.decision is None:
        for run in report.runs:
            yield from _alone(run)
        for lift in grammar_lifts(report):
            yield from _lift(lift)
        return
    decision = report.decision
    yield f"## {_SIGNS[decision.outcome]} {markdown(decisions.sentence(decision))}\n\n"
    for task in decision.tasks:
        name = task.task if len(decision.tasks) > 1 else ""
        yield from _causes(deciding_causes(task, task.policy), name)
    for line in decisions.explanation(decision):
        strong = "**" if is_alarm(line) else ""
        yield f"- {strong}{markdown(line)}{strong}\n"
    for task in decision.tasks:
        yield from _table(task)
    for lift in grammar_lifts(report):
        yield from _lift(lift)
    yield from _differences(report)


def _causes(found: Sequence[BehaviorCauses], name: str) -> Iterator[str]:
    """What broke and what still fails: a list of causes, each with an example."""
    for causes in found:
        is_composite = causes.behavior == FORMAT_SUCCESS
        names = [name, "" if is_composite else causes.behavior]
        place = "".join(f"{markdown(part)}: " for part in names if part)
        yield from _list(causes.broke, why.BROKE, place)
        if is_composite:
            yield from _list(causes.still_failing, why.STILL_FAIL, place)


def _list(causes: Sequence[Cause], verb: str, place: str) -> Iterator[str]:
    if not causes:
        return
    yield f"**{place}{why.heading(causes, verb)}**\n\n"
    for cause in causes[: why.MAX_TOLD]:
        answer = markdown(why.example(cause))
        example = f": {answer}" if answer else ""
        said = markdown(why.counted(cause, is_broken=verb == why.BROKE))
        yield f"- {said}, as {markdown(cause.example.completion.case_id)}{example}\n"
    if rest := why.count(causes[why.MAX_TOLD :]):
        yield f"- {rest:,} otherwise\n"
    yield "\n"


def _table(task: TaskDecision) -> Iterator[str]:
    yield f"\n### {markdown(task.task)}: {task.outcome.value}\n\n"
    yield _row(decisions.TABLE)
    yield _row(["---", *["---:"] * (len(decisions.TABLE) - 1)])
    for name, *numbers in decisions.table(task):
        strong = "**" if name == FORMAT_SUCCESS else ""
        yield _row([f"{strong}{markdown(name)}{strong}", *map(markdown, numbers)])
    if same := unchanged(task.behaviors):
        yield f"\n{markdown(words.sentence(same))}\n"


def _lift(lift: GrammarLift) -> Iterator[str]:
    """A table of a grammar's lift, with a column for each model."""
    yield f"\n### {markdown(lift.task)}: {TITLE}\n\n"
    yield _row(["", *map(markdown, lift.models)])
    yield _row(["---", *["---:"] * len(lift.models)])
    for group in lift.groups:
        if group.heading:
            yield _row([f"*{group.heading}*", *[""] * len(lift.models)])
        for row in group.rows:
            yield _row([markdown(row.name), *row.cells])


def _differences(report: Report) -> Iterator[str]:
    differ = [f for f in facts(report) if f.differs]
    if not differ or report.before is None:
        return
    yield "\n<details><summary>What else differs between the runs</summary>\n\n"
    yield _row(["", *(markdown(side.model) for side in report.sides)])
    yield _row(["---"] * (1 + len(report.sides)))
    for fact in differ:
        yield _row([markdown(fact.name), *(markdown(value) for value in fact.values)])
    yield "\n</details>\n"


def _alone(run: RunRecord) -> Iterator[str]:
    yield f"## Run {markdown(run.id)}\n\n"
    if run.status == "partial":
        yield "It was interrupted: its rates say nothing about the cases it did not reach.\n\n"
    if run.shard is not None:
        yield f"It is {run.shard}: its rates say nothing about the cases of the others.\n\n"
    yield _row(["task", "model", "behavior", "rate", "95% interval", "budget", ""])
    yield _row(["---", "---", "---", "---:", "---:", "---", "---"])
    for result in run.results:
        for part in words.by_budget(result):
            yield _row(_result(part))
    for result in run.results:
        for line in share_lines(result):
            told = f"{result.task}, {result.model}: {line}"
            yield f"\n{markdown(told)}\n"
    for line in filter(None, map(stated_line, run.tasks)):
        yield f"\n{markdown(words.sentence(line))}\n"
    for noise in run.noise:
        yield "".join(f"\n{markdown(f'{noise.model}: {line}')}\n" for line in lines(noise))
    if any(r.wordings is not None for r in run.results):
        yield "\nWhere cases share wordings, intervals are over new wordings.\n"
    yield from _repeats([r for r in run.results if r.repeats > 1 and r.rate is not None])


def _repeats(results: list[BehaviorResult]) -> Iterator[str]:
    """pass@k and pass^k of the behaviors whose cases were answered several times."""
    if not results:
        return
    k = max(r.repeats for r in results)
    yield f"\nOf {k} answers to a case any passes (pass@{k}), all pass (pass^{k}):\n\n"
    shares = (f"pass@{k}", "95% interval", f"pass^{k}", "95% interval")
    yield _row(["task", "model", "behavior", *shares])
    yield _row(["---"] * 3 + ["---:"] * len(shares))
    for result in results:
        cells = [markdown(name) for name in (result.task, result.model, result.behavior)]
        for share in (result.pass_at_k, result.pass_hat_k):
            told = (
                ("not measured", "")
                if share is None
                else (words.percent(share.rate), words.interval(share.interval))
            )
            cells += told
        yield _row(cells)


def _result(result: BehaviorResult) -> list[str]:
    shown = "" if result.rate is None else words.percent(result.rate)
    behavior = result.behavior
    if result.measured:
        key, value = words.headline(result)
        shown = words.quantity(key, value)
        behavior += f" {words.label(key)}" if key.endswith("_seconds") else ""
    met = {None: "", True: "met", False: "**missed**"}[result.met]
    met = "not judged" if is_unjudged(result) else met
    names = [markdown(name) for name in (result.task, result.model, behavior)]
    return [*names, shown, words.interval(result.interval), words.budget(result), met]


def _cases(report: Report) -> Iterator[str]:
    for task in report.decision.tasks if report.decision else ():
        for case in examples_first(regressed_cases(task), task.comparison):
            yield _case(task, case)


def _case(task: TaskDecision, case: CaseChange) -> str:
    prompt = case.sample.messages[-1].content if case.sample.messages else ""
    pinned = " (pinned)" if case.sample.must_pass else ""
    parts = [
        f"\n<details><summary>{markdown(task.task)}: {markdown(case.sample.case_id)}{pinned}"
        f"{_why(case.after, explaining_behaviors(case, task.comparison.required))}</summary>\n",
        f"\nprompt\n{block(prompt, MAX_CHARACTERS)}\n" if prompt else "",
        _answer("before", case.before),
        _answer("after", case.after),
        "\n</details>\n",
    ]
    return "".join(parts)


def _answer(name: str, sample: Sample | None) -> str:
    if sample is None or not (sample.messages or sample.completion.text):
        return ""  # A baseline without texts.
    return f"\n{name}\n{block(sample.completion.text, MAX_CHARACTERS)}\n"


def _why(sample: Sample | None, first: tuple[str, ...]) -> str:
    failure = first_failure(sample, first) if sample else None
    if failure is None:
        return ""
    behavior, verdict = failure
    code = verdict.code.value if verdict.code else verdict.outcome.value
    return f": {markdown(behavior)}, {markdown(code)}"


def _row(cells: "tuple[str, ...] | list[str]") -> str:
    return f"| {' | '.join(cells)} |\n"
