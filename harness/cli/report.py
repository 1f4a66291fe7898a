"""``harness report``: a page, JSON or a terminal table out of runs that lie on disk."""

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from harness.core.errors import HarnessError

FORMATS = ("html", "json", "terminal")
"""Each is a file of this name in ``harness/report/``."""


@click.command()
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@click.option("--format", "kind", type=click.Choice(FORMATS), default="html", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Where to write it; - is standard output. [default: report.html in the run's folder]",
)
@click.option("--before", metavar="MODEL", help="The model before. [default: the run's first]")
@click.option("--after", metavar="MODEL", help="The model after. [default: the run's last]")
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of runs. [default: report_dir of [tool.harness]]",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in a browser.")
def command(
    runs: tuple[str, ...],
    kind: str,
    output: Path | None,
    before: str | None,
    after: str | None,
    report_dir: Path | None,
    is_opened: bool,
) -> None:
    """Show what a run found, or what changed between two.

    RUN is an id, the beginning of one, "latest" or a folder; the latest run when left out. Of two
    runs the first is before and the second after. Of one run with several models, its first model
    is before and its last after.
    """
    from harness.report.contents import report_on
    from harness.runs import LATEST, find_run, read_run
    from harness.settings import read_settings

    if len(runs) > 2:
        raise HarnessError(f"{len(runs)} runs: a report is about one run or two, name fewer")
    if is_opened and kind != "html":
        raise HarnessError(f"--open shows a page, so leave out --format {kind}")
    root = report_dir or Path(read_settings(Path.cwd()).report_dir)
    folders = [find_run(text, root) for text in runs or (LATEST,)]
    report = report_on(*(read_run(folder) for folder in folders), before=before, after=after)
    if kind == "terminal":
        _print(report, output)
        return
    renderer = import_module(f"harness.report.{kind}")
    text: str = renderer.render(report)
    if output == Path("-"):
        click.echo(text, nl=False)
        return
    path = output or folders[-1] / _file_name(folders, renderer.SUFFIX)
    _write(path, text)
    click.echo(f"report: {path}")
    if is_opened:
        click.launch(path.resolve().as_uri())


def _file_name(folders: list[Path], suffix: str) -> str:
    """``report.html``, or ``report-since-<the other run>.html`` beside it."""
    if len(folders) == 1:
        return f"report{suffix}"
    return f"report-since-{folders[0].resolve().name}{suffix}"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}, name another file after -o") from None


def _print(report: object, output: Path | None) -> None:
    from rich.console import Console

    from harness.report import terminal
    from harness.report.contents import Report

    assert isinstance(report, Report)
    shown = terminal.whole(report)
    if output is not None and output != Path("-"):
        _write(output, terminal.as_text(shown, width=100))
        return
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        Console(highlight=False).print(shown)
    else:
        click.echo(terminal.as_text(shown), nl=False)
