"""``harness baseline``: saves, lists and shows baselines for later comparisons."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.record import RunRecord


@click.group()
def command() -> None:
    """Save, list and show baselines: small files under reports/baselines/, to be committed."""


@command.command()
@click.argument("name")
@click.argument("run", default="latest")
@click.option("--model", "models", multiple=True, help="Only this model of the run; repeatable.")
@click.option("--texts", "has_texts", is_flag=True, help="Keep the completions' texts too.")
@click.option("--replace", "is_replaced", is_flag=True, help="Write over a baseline of that name.")
@click.option("--report-dir", type=click.Path(path_type=Path, file_okay=False))
def save(
    name: str,
    run: str,
    models: tuple[str, ...],
    has_texts: bool,
    is_replaced: bool,
    report_dir: Path | None,
) -> None:
    """Save RUN, or the latest one, as NAME."""
    from harness.records.baselines import save_baseline
    from harness.records.runs import find_run, read_run
    from harness.report.console.output import say
    from harness.run.settings import read_settings

    settings = read_settings(Path.cwd())
    record = read_run(find_run(run, report_dir or Path(settings.report_dir)))
    path = save_baseline(
        name,
        record,
        Path(settings.baselines_dir),
        models=_refs(record, models),
        has_texts=has_texts,
        is_replaced=is_replaced,
    )
    say(f"baseline: {path} ({path.stat().st_size / 1e3:.0f} kB, from run {record.id})")


@command.command(name="list")
def list_() -> None:
    """List the baselines there are."""
    from harness.records.baselines import SUFFIX, baseline_names, read_baseline
    from harness.report.console.output import say
    from harness.run.settings import read_settings

    root = Path(read_settings(Path.cwd()).baselines_dir)
    names = baseline_names(root)
    if not names:
        say(f"{root}: no baseline yet, make one: harness baseline save NAME")
    for name in names:
        found = read_baseline(root / f"{name}{SUFFIX}")
        models = ", ".join(m.ref for m in found.record.models)
        tasks = ", ".join(t.name for t in found.record.tasks)
        say(f"{name}  saved {found.saved}  {models}  on {tasks}")


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what a baseline holds."""
    from harness.records.baselines import SUFFIX, read_named_baseline
    from harness.report.console.output import say, say_laid_out
    from harness.report.console.screen import as_text
    from harness.report.terminal import Summary
    from harness.run.settings import read_settings

    root = Path(read_settings(Path.cwd()).baselines_dir)
    found = read_named_baseline(name, root)
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
