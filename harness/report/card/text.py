"""The text of a model card. Words from files stand in it as character references."""

import html
import json
from collections.abc import Iterator, Sequence
from typing import Any

from harness.core.case import JsonValue
from harness.core.printable import printable
from harness.core.record import BehaviorResult
from harness.core.trained import trained_share
from harness.report.card.front import front_matter
from harness.report.card.subject import Subject, value_at
from harness.report.words import decision as decisions
from harness.report.words import numbers as words
from harness.report.words.escaping import markdown
from harness.report.words.stated import stated_line

MISSING = "not recorded"
SMALL = 100
"""Answers below which a rate is said to rest on few: 95% intervals span up to 20 points."""
MAX_CODES = 5
MAX_FILES = 40
MAX_RECIPE = 20_000


def card(subject: Subject) -> str:
    """The whole card, front matter first."""
    parts = (_head, _results, _gate, _training, _data, _limits, _origin)
    return front_matter(subject) + "".join(text for part in parts for text in part(subject))


def _head(subject: Subject) -> Iterator[str]:
    kind = _said(subject.config.get("peft_type"))
    base = _said(subject.base_id or subject.config.get("base_model_name_or_path"))
    yield f"\n# {markdown(subject.name)}\n\n"
    yield f"An adapter ({kind}) over the base {base}, to be opened with peft.\n"
    license_ = markdown(subject.license) if subject.license else "unknown, no file here says it"
    yield f"\nLicense: {license_}.\n"


def _results(subject: Subject) -> Iterator[str]:
    yield "\n## Results\n\n"
    if subject.side is None:
        yield "Not measured: the card was written without a run.\n"
        return
    run = subject.side.record
    yield (
        f"Measured in run {markdown(run.id)} of {markdown(run.created)}, as "
        f"{markdown(subject.side.model)}. Intervals are of 95%.\n"
    )
    for task in dict.fromkeys(r.task for r in subject.results):
        yield from _task(subject, task)


def _task(subject: Subject, task: str) -> Iterator[str]:
    assert subject.side is not None
    record = subject.side.task_record(task)
    about = f": {markdown(record.description)}" if record and record.description else ""
    yield f"\n### {markdown(task)}\n\n{markdown(task)}{about}\n\n"
    yield _row(["behavior", "result", "95% interval", "n", "budget", ""])
    yield _row(["---", "---:", "---:", "---:", "---", "---"])
    for result in subject.results:
        if result.task == task:
            yield _row(_cells(result))
    if record and (line := stated_line(record)):
        yield f"\n{markdown(words.sentence(line))}\n"


def _cells(result: BehaviorResult) -> list[str]:
    is_judged = result.rate is not None or result.met is not None
    shown = "" if is_judged else "not judged"
    shown = shown if result.rate is None else words.percent(result.rate)
    if result.measured:
        shown = ", ".join(
            f"{markdown(words.label(name))} {words.quantity(name, value)}"
            for name, value in result.measured.items()
        )
    count = "" if result.rate is None else f"{result.passed + result.failed:,}"
    met = {None: "", True: "met", False: "**missed**"}[result.met]
    interval = words.interval(result.interval)
    parts = words.by_budget(result)
    named = (
        f"{markdown(words.label(words.headline(part)[0]))} {words.budget(part)}" for part in parts
    )
    budget = ", ".join(named) if len(parts) > 1 else words.budget(result)
    return [markdown(result.behavior), shown, interval, count, budget, met]


def _gate(subject: Subject) -> Iterator[str]:
    yield "\n## Gate\n\n"
    decision = subject.decision
    if decision is None:
        yield "Not decided: the card was written without a run before it.\n"
        return
    before, after = (
        f"{markdown(side.model)} in run {markdown(side.record.id)}"
        for side in (decision.before, decision.after)
    )
    yield f"**{markdown(decisions.sentence(decision))}**\n\nBefore: {before}. After: {after}.\n\n"
    for line in decisions.explanation(decision):
        yield f"- {markdown(line)}\n"


def _training(subject: Subject) -> Iterator[str]:
    yield "\n## Training\n\n"
    if not subject.training:
        yield "Not recorded: the adapter has no training.json.\n"
    trained = subject.trained
    lora = subject.config
    facts = [
        ("method", trained("method")),
        ("recipe", trained("recipe_file")),
        ("recipe's SHA-256", trained("recipe_sha256")),
        ("rank, alpha", _pair(lora.get("r"), lora.get("lora_alpha"))),
        ("modules", _listed(trained("target_modules") or lora.get("target_modules"))),
        ("trained parameters", trained("trainable_parameters")),
        ("base's parameters", trained("base", "parameters")),
        ("base's dtype", trained("base", "dtype")),
        ("quantised to", trained("recipe", "quantize")),
        ("steps, epochs", _pair(trained("result", "steps"), trained("result", "epochs"))),
        ("first loss", trained("result", "first_loss")),
        ("last loss", trained("result", "last_loss")),
        ("loss on held-out rows", trained("result", "eval_loss")),
        ("seconds", trained("result", "seconds")),
        ("peak memory, MB", trained("result", "peak_memory_mb")),
        ("seed", trained("recipe", "seed")),
    ]
    if not subject.training:
        facts = [fact for fact in facts if fact[0] in ("rank, alpha", "modules")]
    yield from _table(facts)
    if recipe := trained("recipe"):
        text = json.dumps(recipe, indent=1, ensure_ascii=False)[:MAX_RECIPE]
        shown = html.escape(printable(text, one_line=False))
        yield "\n<details><summary>The recipe, resolved</summary>\n\n"
        yield f"<pre>{shown}</pre>\n\n</details>\n"


def _data(subject: Subject) -> Iterator[str]:
    yield "\n## Data\n\n"
    rows = [*_files(subject)]
    if not rows:
        yield "Not recorded: no file of training rows is known by its hash.\n"
        return
    yield _row(["used for", "file", "rows", "SHA-256"])
    yield _row(["---", "---", "---:", "---"])
    yield from map(_row, rows[:MAX_FILES])
    if len(rows) > MAX_FILES:
        yield f"\nAnd {len(rows) - MAX_FILES} more files.\n"
    used, long = (subject.trained("data", "train", name) for name in ("rows", "rows_too_long"))
    yield f"\nRows trained on: {_said(used)}; left out as too long: {_said(long)}.\n"


def _files(subject: Subject) -> Iterator[list[str]]:
    for part in ("train", "val"):
        files = subject.trained("data", part, "files")
        for file in files if isinstance(files, list) else ():
            facts = [value_at(file, name) for name in ("path", "rows", "sha256")]
            yield [part, *map(_said, facts)]


def _limits(subject: Subject) -> Iterator[str]:
    yield "\n## Limits\n\n"
    for line in _limit_lines(subject):
        yield f"- {line}\n"


def _limit_lines(subject: Subject) -> Iterator[str]:
    """Lines on the gaps of the numbers, and on those that speak against the adapter."""
    for result in subject.results:
        name = f"{markdown(result.task)}: {markdown(result.behavior)}"
        if result.met is False:
            yield f"{name} missed its budget ({words.budget(result)})."
        if result.codes:
            yield f"{name} failed by {_codes(result)}."
        if result.errors:
            yield f"{name} could not be judged on {words.plural(result.errors, 'answer')}."
        if result.wordings is not None:
            yield f"{name}: its cases share {words.plural(result.wordings, 'wording')}."
    if subject.side is not None:
        yield from _run_limits(subject)
    else:
        yield "Nothing was measured."
    if subject.decision is None:
        yield "It was not compared with the model before it."
    if not subject.training:
        yield "How it was trained is not recorded."
    elif subject.trained("result", "eval_loss") is None:
        yield "No loss on held-out rows is recorded."
    if not subject.license:
        yield "Its license is unknown. That of its base and of its data may bind it."
    yield "Languages, intended use, bias and safety are not recorded: nothing here measures them."


def _codes(result: BehaviorResult) -> str:
    ordered = sorted(result.codes.items(), key=lambda item: -item[1])
    told = ", ".join(f"{markdown(code)} ({count:,})" for code, count in ordered[:MAX_CODES])
    rest = len(ordered) - MAX_CODES
    return f"{told} and {words.plural(rest, 'more code')}" if rest > 0 else told


def _run_limits(subject: Subject) -> Iterator[str]:
    assert subject.side is not None
    run, model = subject.side.record, subject.side.model_record
    if run.status == "partial":
        yield "The run was interrupted: its rates say nothing about the cases it did not reach."
    if run.load is not None and run.load.note:
        yield f"Times: {markdown(run.load.note)}."
    for task in run.tasks:
        counts = [
            r.passed + r.failed
            for r in subject.results
            if r.task == task.name and r.rate is not None
        ]
        if counts and min(counts) < SMALL:
            few = words.plural(min(counts), "answer")
            yield f"Rates of {markdown(task.name)} rest on as few as {few}: intervals are wide."
        if task.selected:
            yield f"Of {markdown(task.name)} some cases were left out on purpose."
    for task_name, cases in ((model.trained_cases if model else None) or {}).items():
        asked = {case for case, _, _ in subject.side.samples(task_name)}
        if own := asked.intersection(cases):
            yield f"{markdown(trained_share(len(own), len(asked), task_name))}."
    if model is not None and model.trained_cases is None:
        yield "Whether it was trained on the cases it was judged by is not known."


def _origin(subject: Subject) -> Iterator[str]:
    yield "\n## Origin\n\n"
    yield from _table(
        [
            ("adapter's SHA-256", subject.sha256),
            ("adapter's size", f"{subject.size_bytes:,} bytes"),
            ("base, as it was named", subject.config.get("base_model_name_or_path")),
            ("base weights' SHA-256", subject.trained("base", "weights_sha256")),
            ("trained", subject.trained("created")),
            *_versions("trained with", subject.trained("environment")),
            *_versions("judged with", subject.side.record.environment if subject.side else None),
        ]
    )


def _versions(what: str, environment: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(environment, dict):
        yield what, MISSING
        return
    packages = value_at(environment, "packages")
    names = ("torch", "transformers", "peft")
    found = [f"{name} {_plain(value_at(packages, name))}" for name in names]
    commit = _plain(value_at(environment, "git", "commit"))
    yield (
        what,
        ", ".join(
            [f"slm-harness {_plain(environment.get('harness'))}", *found, f"commit {commit}"]
        ),
    )


def _table(facts: Sequence[tuple[str, JsonValue]]) -> Iterator[str]:
    yield _row(["", ""])
    yield _row(["---", "---"])
    for name, value in facts:
        yield _row([name, _said(value)])


def _said(value: Any) -> str:
    return markdown(_plain(value))


def _plain(value: Any) -> str:
    """A text or a number as it was recorded, shortened; anything else is not recorded."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return MISSING
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else MISSING
    return words.significant(value) if isinstance(value, float) else value[:200]


def _listed(value: Any) -> str:
    listed = [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
    return ", ".join(listed[:20]) or _plain(value)


def _pair(*values: Any) -> str:
    return ", ".join(map(_plain, values))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
