"""``harness plan``: the cases and wordings that a margin needs, from a guess or from a record."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._sides import one_or_two_sides, policy_of, side_options
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.gate.planning import Assumptions, Observed, OwnTask, Plan
    from harness.run.settings import Settings

_OF_POLICY = ("margin", "kept_margin", "wording_margin", "confidence")
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command()
@click.argument("runs", metavar="[RUN | BEFORE AFTER]", nargs=-1)
@side_options
@click.option("--margin", type=_SHARE, help="The drop to accept: 0.02 is two points.")
@click.option("--kept-margin", type=_SHARE, help="The drop to accept of a kept skill.")
@click.option("--wording-margin", type=_SHARE, help="The drop over new wordings to accept.")
@click.option("--confidence", type=_SHARE, help="Of the interval that decides.")
@click.option("--drop", type=_SHARE, help="A drop that is to be shown. [default: twice the margin]")
@click.option(
    "--flips",
    type=click.FloatRange(0, 0.5),
    help="Share of cases that flip with nothing changed. [default: as recorded, else 0.02]",
)
@click.option("--cases", type=click.IntRange(1, 1_000_000), help="The cases of a task of yours.")
@click.option(
    "--wordings", type=click.IntRange(1, 1_000_000), help="The wordings of a task of yours."
)
@click.option("--tasks", type=click.IntRange(1, 100), help="Tasks that are judged together.")
@click.option("--repeats", type=click.IntRange(1, 100), help="Answers to each case.")
@click.option(
    "--power",
    type=click.FloatRange(0.5, 0.99),
    help="Share of runs that are to decide. [default: 0.8]",
)
@json_option
def command(
    runs: tuple[str, ...],
    before: str | None,
    after: str | None,
    report_dir: Path | None,
    drop: float | None,
    is_json: bool,
    **flags: Any,
) -> None:
    """Say how many cases and wordings the gate needs, and what a suite of each size can show.

    From a guess; or from RUN, whose repeats show how many cases flip with nothing changed; or from
    BEFORE and AFTER, two runs of one model. Flags go before what a run shows. Nothing is asked of
    a model.
    """
    from harness.gate.planning import plan_of
    from harness.run.settings import project_settings

    settings = project_settings()
    policy = policy_of(settings, {name: flags.pop(name) for name in _OF_POLICY})
    sizes = flags.pop("cases"), flags.pop("wordings")
    found = _observed(runs, before, after, report_dir, settings) if runs else None
    assumed, source = _assumptions(found, flags)
    plan = plan_of(policy, assumed, drop, _own(found, *sizes))
    if is_json:
        _print_json(plan, source)
    else:
        from harness.report.console.planning import shown
        from harness.report.console.screen import show

        show(shown(plan, source), 80)


def _observed(
    runs: tuple[str, ...],
    before: str | None,
    after: str | None,
    report_dir: Path | None,
    settings: "Settings",
) -> "Observed":
    from harness.gate.planning import observed

    root = report_dir or Path(settings.report_dir)
    found = observed(*one_or_two_sides(runs, before, after, root, settings))
    if not found.tasks:
        raise HarnessError(f"{' '.join(runs)}: no case was judged, name a run that judged some")
    return found


def _assumptions(found: "Observed | None", flags: dict[str, Any]) -> tuple["Assumptions", str]:
    """The assumptions, and where the share of flips comes from."""
    from harness.gate.planning import Assumptions

    given = {name: value for name, value in flags.items() if value is not None}
    source = "as given" if "flips" in given else "assumed"
    if found is None:
        return Assumptions(**given), source
    assumed = Assumptions(tasks=len(found.tasks), repeats=found.repeats)
    if found.flips is not None:
        assumed = replace(assumed, flips=min(found.flips, 0.5))
        source = source if "flips" in given else "as recorded"
    return replace(assumed, **given), source


def _own(found: "Observed | None", cases: int | None, wordings: int | None) -> list["OwnTask"]:
    """The user's tasks: those of the run, with the sizes that flags give."""
    from harness.gate.planning import OwnTask

    if found is None and cases is None and wordings is None:
        return []
    own = found.tasks if found else (OwnTask("yours", None, None),)
    return [
        replace(task, cases=cases or task.cases, wordings=wordings or task.wordings) for task in own
    ]


def _print_json(plan: "Plan", source: str) -> None:
    values = _values(plan)
    values["flips_source"] = source
    values["kept"] = plan.kept and _values(plan.kept)
    say_document(values)


def _values(plan: "Plan") -> dict[str, Any]:
    values = asdict(replace(plan, kept=None))
    del values["is_kept"], values["kept"]
    for task in values["own"]:
        task["kept"] = task.pop("is_kept")
    of_policy = ("margin", "wording_margin", "confidence", "min_cases")
    values["policy"] = {name: getattr(plan.policy, name) for name in of_policy}
    values["bounds"] = [{"wordings": n, "drop": bound} for n, bound in plan.bounds]
    values["curve"] = [{"drop": drop, **found._asdict()} for drop, found in plan.curve]
    return values
