"""``harness baseline``: saves, lists and shows baselines for later comparisons."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option
from harness.cli._group import Group
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.record import RunRecord
    from harness.records.baseline_file import MeasuredNoise
    from harness.records.baselines import Baseline
    from harness.run.settings import Settings


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what of a run is kept."""
    options = (
        click.option("--model", "names", multiple=True,
                     help="Only this model of the run; repeatable."),
        click.option("--texts", "has_texts", is_flag=True, help="Keep the completions' texts too."),
        click.option("--again", "is_again", is_flag=True,
                     help="Ask the model once more, in other batches, to measure its noise."),
        click.option("--not-first", "is_insisting", is_flag=True,
                     help="Take a run though its weights were run before. Every gate says so."),
        report_dir_option,
        json_option,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=Group)
def command() -> None:
    """Save, list and show baselines: small files under reports/baselines/, to be committed."""


@command.command()
@click.argument("name")
@click.argument("run", default="latest")
@click.option("--replace", "is_replaced", is_flag=True, help="Write over a baseline of that name.")
@run_options
def save(name: str, run: str, is_replaced: bool, **options: Any) -> None:
    """Save RUN, or the latest one, as NAME.

    RUN must be the first of its weights on its cases: the best of several runs is better than its
    model. Other runs of them are used to measure how many cases flip by themselves, which gates
    against NAME take for noise.

    The first run saved as NAME is its anchor too, which stays when NAME is saved again.
    """
    from harness.records.anchors import save_and_keep_anchor

    _save(save_and_keep_anchor, "baseline", name, run, **options, is_replaced=is_replaced)


@command.command()
@click.argument("name")
@click.argument("run", required=False)
@run_options
def anchor(name: str, run: str | None, **options: Any) -> None:
    """Set the anchor of NAME: RUN, or else what NAME holds.

    Gates against NAME decide against its anchor too, and the worse outcome counts.
    """
    from harness.records.anchors import keep_anchor
    from harness.records.baselines import find_baseline, save_baseline
    from harness.report.console.output import say
    from harness.run.settings import project_settings

    root = Path(project_settings().baselines_dir)
    find_baseline(name, root)
    if run is None:
        kept = keep_anchor(name, root, is_moved=True)
        if options["is_json"]:
            say_document({"name": name, "file": kept, "run": None})
        else:
            say(f"anchor: {kept}, as {name} is")
        return
    _save(save_baseline, "anchor", name, run, **options, is_replaced=True, is_anchor=True)


def _save(
    save: Callable[..., Path],
    what: Literal["baseline", "anchor"],
    name: str,
    run: str,
    *,
    names: tuple[str, ...],
    is_again: bool,
    is_insisting: bool,
    report_dir: Path | None,
    is_json: bool,
    is_replaced: bool,
    **choices: bool,
) -> None:
    """Check that the run is the first of its weights, measure its noise, write and enter it."""
    from harness.records.baselines import file_to_save
    from harness.records.ledger import enter, saved_entries
    from harness.records.runs import find_run, read_run
    from harness.report.console.output import say
    from harness.run.baseline_noise import OWN
    from harness.run.settings import project_settings

    settings = project_settings()
    root, runs = Path(settings.baselines_dir), report_dir or Path(settings.report_dir)
    record = read_run(find_run(run, runs))
    refs = _refs(record, names)
    kept = refs or tuple(m.ref for m in record.models)
    is_anchor = what == "anchor"
    file_to_save(name, record, root, models=refs, is_replaced=is_replaced, is_anchor=is_anchor)
    is_first = _is_first(record, kept, runs, root, is_insisting=is_insisting)
    noise = _noise(record, kept, runs, settings, is_again)
    if noise is not None and noise.source != OWN:
        record = replace(record, noise=())  # A baseline has one measurement, which was asked for.
    how = {"models": refs, "noise": noise, "is_first": is_first, "is_replaced": is_replaced}
    path = save(name, record, root, **how, **choices)
    size = path.stat().st_size
    if is_json:
        known = {"noise": asdict(noise) if noise else None, "is_first": is_first}
        say_document({"name": name, "file": path, "bytes": size, "run": record.id, **known})
    say(f"{what}: {path} ({size / 1e3:.0f} kB, from run {record.id})", err=is_json)
    say(*_remarks(name, record, root, noise), err=is_json)
    for entry in saved_entries(what, name, record, kept, is_first=is_first):
        if lost := enter(entry, root):
            say(lost, err=True)


def _is_first(
    record: "RunRecord", kept: tuple[str, ...], runs: Path, root: Path, *, is_insisting: bool
) -> bool:
    """True for the first run of its weights on its cases.

    Raises:
        HarnessError: it is another one, which was not insisted on.
    """
    from harness.records.attempts import run_before
    from harness.records.ledger import read_ledger

    before = run_before(record, kept, runs, read_ledger(root))
    if before and not is_insisting:
        raise HarnessError(
            f"run {record.id}: is not the first of its weights on these cases, {before} was before "
            "it, and the best of several is better than its model: save the first, or say "
            "--not-first"
        )
    return not before


def _remarks(
    name: str, record: "RunRecord", root: Path, noise: "MeasuredNoise | None"
) -> Iterator[str]:
    from harness.core.selection import part_of
    from harness.records.anchors import read_anchor

    if part := part_of(record):
        yield f"note: run {record.id} {part}; a gate compares that with runs of the same alone"
    anchor = read_anchor(name, root)
    if anchor and anchor.record.plan_fingerprint != record.plan_fingerprint:
        yield f"anchor: has other cases, set it anew: harness baseline anchor {name}"
    if noise is None:
        yield "noise: not known: run the suites on it again and save it again, or say --again"
    else:
        flips = ", ".join(f"{rate:.1%}" for rate in noise.flip_rates.values())
        yield f"noise: {flips} of the cases flip, by {noise.source}"


def _noise(
    record: "RunRecord", refs: tuple[str, ...], runs: Path, settings: "Settings", is_again: bool
) -> "MeasuredNoise | None":
    """The share of cases that flip, asked again, from another run, or from the run's repeats."""
    from harness.report.console.output import say
    from harness.run.baseline_noise import noise_again, noise_of_record

    if is_again:
        os.environ["HF_HUB_OFFLINE"] = "1"  # For the model's process, before it starts.
        try:
            return noise_again(record, refs, Path(settings.tasks_dir))
        except HarnessError as error:
            say(f"noise: not asked again: {error}", err=True)
    return noise_of_record(record, refs, runs)


@command.command(name="list")
@json_option
def list_(is_json: bool) -> None:
    """List the baselines there are."""
    from harness.records.anchors import read_anchor
    from harness.records.baselines import SUFFIX, baseline_names, read_baseline
    from harness.report.console.output import say
    from harness.run.settings import project_settings

    root = Path(project_settings().baselines_dir)
    every = {n: read_baseline(root / f"{n}{SUFFIX}") for n in baseline_names(root)}
    if is_json:
        held = [_held(name, root, found) for name, found in every.items()]
        say_document({"folder": root, "baselines": held})
        return
    if not every:
        say(f"{root}: no baseline yet, make one: harness baseline save NAME")
    for name, found in every.items():
        models = ", ".join(m.ref for m in found.record.models)
        tasks = ", ".join(t.name for t in found.record.tasks)
        anchor = read_anchor(name, root)
        since = f"anchored {anchor.saved}" if anchor else "without an anchor"
        say(f"{name}  saved {found.saved}  {since}  {models}  on {tasks}")


def _held(name: str, root: Path, found: "Baseline") -> dict[str, Any]:
    """A baseline in short, with the results that it holds."""
    from harness.records.anchors import read_anchor

    anchor, record = read_anchor(name, root), found.record
    return {
        "name": name,
        "saved": found.saved,
        "anchored": anchor.saved if anchor else None,
        "run": record.id,
        "has_texts": found.has_texts,
        "models": [model.ref for model in record.models],
        "tasks": [task.name for task in record.tasks],
        "results": [asdict(result) for result in record.results],
    }


@command.command()
@click.argument("name")
@json_option
def show(name: str, is_json: bool) -> None:
    """Show what a baseline holds."""
    from harness.records.baselines import SUFFIX, read_named_baseline
    from harness.report.console.output import say, say_laid_out
    from harness.report.console.screen import as_text
    from harness.report.terminal import Summary
    from harness.run.settings import project_settings

    root = Path(project_settings().baselines_dir)
    found = read_named_baseline(name, root)
    if is_json:
        say_document(_held(name, root, found))
        return
    texts = "with texts" if found.has_texts else "without texts"
    path = root / f"{name}{SUFFIX}"
    say(f"{path}: saved {found.saved} from run {found.record.id}, {texts}", "")
    say_laid_out(as_text(Summary(found.record), width=100))


def _refs(record: "RunRecord", wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Refs of models given by ref or short name."""
    found = []
    for name in wanted:
        refs = [m.ref for m in record.models if name in (m.ref, m.name)]
        if len(refs) != 1:
            known = ", ".join(m.ref for m in record.models)
            raise HarnessError(f"--model {name}: not one model of run {record.id}, it has: {known}")
        found += refs
    return tuple(found)
