"""``harness gate``: decides whether a change made the model worse; a sentence and an exit code."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._gate_log import gate_log, log_options, require_no_log_options
from harness.cli._paths import PathType
from harness.cli._self_test import (
    SELF_TEST,
    require_no_self_test_options,
    run_self_test,
    self_test_options,
)
from harness.cli._sides import (
    against_named_baseline,
    one_or_two_sides,
    policy_of,
    policy_options,
    records,
    require_whole_latest,
    side_options,
)
from harness.core.errors import HarnessError
from harness.report.console.output import say_command, say_laid_out

if TYPE_CHECKING:
    from harness.report.report import Report
    from harness.run.settings import Settings


@click.command()
@click.argument("runs", metavar="[BEFORE [AFTER]]", nargs=-1)
@side_options
@policy_options
@click.option(
    "--noise",
    metavar="RUN",
    help="BEFORE's model run again: how often its cases flip is the noise.",
)
@click.option(
    "--ledger/--no-ledger",
    "has_ledger",
    default=True,
    help="Enter the decision against a baseline's name in its ledger.",
)
@json_option
@click.option(
    "--comment",
    type=PathType(path_type=Path, dir_okay=False),
    help="Write the body of a pull request's comment there.",
)
@click.option(
    "--junit", type=PathType(path_type=Path, dir_okay=False), help="Write JUnit XML there."
)
@log_options
@self_test_options
def command(runs: tuple[str, ...], is_json: bool, **options: Any) -> None:
    """Decide whether AFTER is worse than BEFORE.

    Each is a run (an id, the beginning of one, "latest" or a folder) or a baseline's name. Of one
    run with several models, its first model is before and its last after. Against a baseline's name
    its anchor decides too, and the worse outcome counts.

    With --log it decides on the two arms of harness serve --ab; it may be asked every day.

    Exit codes: 0 no regression, 1 regression, 2 a mistake in what was typed, 10 inconclusive, 11
    not comparable.

    With --self-test nothing is decided: RUN, or two runs of one model, are drawn from many times,
    with nothing changed and with losses injected, and the exit code is 0.

    Under GitHub Actions the step's summary is written and what broke is annotated.
    """
    from harness.run.settings import project_settings

    settings = project_settings()
    if options["log"]:
        raise SystemExit(gate_log(options, settings, is_json=is_json))
    require_no_log_options(options)
    if not runs:
        raise HarnessError("Missing argument: name BEFORE and AFTER, or --log of an experiment")
    if options["is_self_test"]:
        return _self_test(runs, options, settings, is_json=is_json)
    require_no_self_test_options(options)
    _require_places(options)
    report = _decided(runs, options, settings)
    decision = report.decision
    assert decision is not None, "it was asked for"
    if is_json:
        from harness.report.json import decided

        say_document(decided(decision))
    else:
        from harness.report.console.decision import text
        from harness.report.console.screen import shown
        from harness.report.words.decision import word

        say_laid_out(shown(list(text(decision)), sys.stdout, word(decision.outcome)))
    _tell_machines(report, options["comment"], options["junit"], Path(settings.tasks_dir))
    raise SystemExit(decision.exit_code)


def _require_places(options: Mapping[str, Any]) -> None:
    """Find what could not be written before anything is decided, and entered in a ledger."""
    for name in ("comment", "junit"):
        path: Path | None = options[name]
        if path is not None and not path.parent.is_dir():
            raise HarnessError(f"--{name} {path}: there is no folder {path.parent}, make it first")


def _require_two_sides(report: "Report") -> None:
    """Refuse to pass where no answer was asked since the run before: nothing can have changed, and
    a pass would say that something was tried."""
    before, after, decision = report.before, report.after, report.decision
    assert before is not None, "it was asked for"
    assert decision is not None, "it was asked for"
    is_itself = (before.record.id, before.model) == (after.record.id, after.model)
    if is_itself and decision.exit_code == 0:
        raise HarnessError(
            f"before and after are the same answers, of {after.model} in run {after.record.id}: "
            "run the suites on what changed, then ask again"
        )


def _self_test(
    runs: tuple[str, ...], options: Mapping[str, Any], settings: "Settings", *, is_json: bool
) -> None:
    if any(options[name] is not None for name in ("noise", "comment", "junit")):
        raise HarnessError("--self-test decides nothing: leave --noise, --comment, --junit out")
    root = options["report_dir"] or Path(settings.report_dir)
    policy = policy_of(settings, options)
    sides = one_or_two_sides(runs, options["before"], options["after"], root, settings)
    own = {name: options[name] for name in SELF_TEST}
    run_self_test(*sides, policy, is_json=is_json, **own)


def _decided(runs: tuple[str, ...], options: Mapping[str, Any], settings: "Settings") -> "Report":
    from harness.report.report import report_on, with_noise

    root = options["report_dir"] or Path(settings.report_dir)
    policy, noise = policy_of(settings, options), options["noise"]
    sides = {"before": options["before"], "after": options["after"]}
    found = records(runs, root, settings)
    require_whole_latest(runs, found, root)
    report = report_on(*found, **sides, policy=policy)
    if report.before is None:
        raise HarnessError(f"{runs[0]}: holds one model, name what to compare it with")
    if noise is not None:
        report = with_noise(report, records((noise,), root, settings)[0])
    _require_two_sides(report)
    return against_named_baseline(report, runs, settings, has_ledger=options["has_ledger"])


def _tell_machines(
    report: "Report", comment: Path | None, junit: Path | None, tasks_dir: Path
) -> None:
    """Write the outputs for CI: the comment, JUnit, the step summary, annotations."""
    from harness.report import junit as xml
    from harness.report import markdown
    from harness.report.annotations import annotations

    if comment is not None:
        _write(comment, markdown.comment(report))
    if junit is not None:
        _write(junit, xml.render(report))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), markdown.render(report))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(report, tasks_dir):
            say_command(line)


def _write(path: Path, text: str) -> None:
    from harness.files.atomic import write_whole

    with _named(path):
        write_whole(path, [text])


def _append(path: Path, text: str) -> None:
    with _named(path), path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}, name another file") from None
