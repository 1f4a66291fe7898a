"""``harness report``: makes a page, JSON or tables from stored runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from harness.cli._collector import collector_off
from harness.cli._experiment import beside, experiment_report, logs_among
from harness.cli._folders import report_dir_option
from harness.cli._paths import PathType
from harness.cli._sides import against_named_baseline, records
from harness.core.errors import HarnessError
from harness.report.console.output import say, say_file, say_json

if TYPE_CHECKING:
    from harness.cli._baseline_texts import BaselineTexts
    from harness.core.record import RunRecord
    from harness.gate.compare import Side
    from harness.report.report import Report
    from harness.run.settings import Settings

FORMATS = ("html", "json", "markdown", "junit", "terminal", "lm-eval", "parquet", "csv")
"""Each is a file of this name in ``harness/report/``."""
OF_FILES = ("lm-eval", "parquet", "csv")
"""Formats that are several files, in a folder."""
REVIEWED = ("html", "parquet", "csv")
"""Formats that a review is part of."""
MAX_RUNS = 200
"""Number of the latest stored runs from which a page's history is read."""
Place = Callable[[str], Path]
"""The file of a report by the end of its name."""
_WITH_TEXTS = ("html", "terminal", *OF_FILES)
"""Formats that show answers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's options; the help says what each is."""

    runs: tuple[str, ...]
    kind: str
    """Of ``FORMATS``."""
    output: Path | None
    before: str | None
    after: str | None
    noise: str | None
    review: Path | None
    report_dir: Path | None
    is_index: bool
    is_json: bool
    is_opened: bool

    @property
    def form(self) -> str:
        """The format as it was typed."""
        return "--json" if self.is_json else f"--format {self.kind}"

    @property
    def of_runs(self) -> Mapping[str, object]:
        """Options that are for stored runs alone, by name."""
        return {name: getattr(self, name) for name in ("before", "after", "noise", "review")}

    def settled(self) -> "Asked":
        """The same with ``--json`` as the format that it stands for.

        Raises:
            HarnessError: the format does not show what was asked for, or not where.
        """
        if self.is_json and self.kind not in ("html", "json"):  # html is where nothing was typed.
            raise HarnessError(f"--json is --format json, leave out --format {self.kind}")
        asked = self
        if self.is_json:
            asked = replace(self, kind="json", output=self.output or Path("-"))
        asked._require_shown()
        if asked.is_opened:
            asked._require_openable()
        asked._check_output()
        return asked

    def _require_shown(self) -> None:
        if self.noise is not None and self.kind == "terminal":
            raise HarnessError(
                "--noise: the tables in a terminal do not show it, name another --format"
            )
        if self.review is not None and self.kind not in REVIEWED:
            raise HarnessError(
                f"--review: --format {self.kind} has no place for it, {', '.join(REVIEWED)} have "
                "one"
            )

    def _require_openable(self) -> None:
        if self.kind != "html":
            raise HarnessError(f"--open shows a page, so leave out {self.form}")
        if self.output == Path("-"):
            raise HarnessError("--open shows a file, name one after -o or leave it out")

    def _check_output(self) -> None:
        output = self.output
        if output is None:
            return
        if self.kind in OF_FILES and (output == Path("-") or output.is_file()):
            raise HarnessError(f"-o {output}: {self.form} is several files, name a folder")
        if self.kind not in OF_FILES and output.is_dir():
            raise HarnessError(f"-o {output}: is a directory, name a file")


@click.command()
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="html",
    show_default=True,
    help="A page of HTML, or what a program or a pull request reads.",
)
@click.option(
    "-o",
    "--output",
    type=PathType(path_type=Path, allow_dash=True),
    help="Where to write it; - is standard output. lm-eval, parquet and csv are a folder of files. "
    "[default: report.html in the run's folder]",
)
@click.option("--before", metavar="MODEL", help="The model before. [default: the run's first]")
@click.option("--after", metavar="MODEL", help="The model after. [default: the run's last]")
@click.option(
    "--noise",
    metavar="RUN",
    help="The model before, run again: cases that it answers otherwise are labelled.",
)
@click.option(
    "--review",
    type=PathType(path_type=Path, dir_okay=False),
    help="The review that a page exported: a page to go on from, or a table beside the others.",
)
@report_dir_option
@click.option(
    "--index",
    "is_index",
    is_flag=True,
    help="A page of all stored runs: newest first, behaviors over time, checkpoints over steps.",
)
@click.option("--json", "is_json", is_flag=True, help="The same as --format json -o -.")
@click.option("--open", "is_opened", is_flag=True, help="Open the page in a browser.")
@collector_off()
def command(**options: Any) -> None:
    """Show what a run found, or what changed between two.

    RUN is an id, the beginning of one, "latest", a folder, or a baseline's name; the latest run
    when left out. Of two runs the first is before and the second after. Of one run with several
    models, its first model is before and its last after. Of the log of an experiment (harness serve
    --ab --log), the arms are.
    """
    from harness.run.settings import project_settings

    asked = Asked(**options).settled()
    settings = project_settings()
    root = asked.report_dir or Path(settings.report_dir)
    if asked.is_index:
        return _write_index(root, asked)
    if logs := logs_among(asked.runs):
        _refuse_any(**asked.of_runs)
        report = experiment_report(logs, settings, has_all=asked.kind in OF_FILES)
        place: Place = partial(beside, logs)
    else:
        report, place = _of_runs(asked, root, settings)
    if asked.review is not None:
        report = _with_review(report, asked.review)
    if asked.kind == "html":
        report = _with_surroundings(report, root)
    _show(report, asked, place)


def _of_runs(asked: Asked, root: Path, settings: "Settings") -> "tuple[Report, Place]":
    """The report on stored runs, and where it is written unless that is said."""
    from harness.report.report import report_on, with_noise

    found, texts = _records(asked.runs, root, settings, asked.kind)
    report = report_on(*found, before=asked.before, after=asked.after, policy=settings.gate)
    if asked.noise is not None:
        report = with_noise(report, records((asked.noise,), root, settings)[0])
    report = against_named_baseline(report, asked.runs, settings, has_ledger=False, texts=texts)
    report = _with_remarks(report, texts)
    if asked.kind in OF_FILES:
        _require_texts(report.runs)
    return _with_parity(report, asked.runs, root), partial(_place, asked.runs, root, found)


def _refuse_any(**given: object) -> None:
    """Refuse options that a log has no use for."""
    for name, value in given.items():
        if value:
            raise HarnessError(f"--{name}: a log has its two arms, leave it out")


def _write_index(root: Path, asked: Asked) -> None:
    """Write the page of all runs."""
    from harness.cli._index import FILE, index_of
    from harness.report.index import render

    given = {"RUN": asked.runs, asked.form: asked.kind != "html"}
    others = {f"--{name}": value for name, value in asked.of_runs.items()}
    if wrong := [name for name, value in {**given, **others}.items() if value]:
        raise HarnessError(f"{wrong[0]}: --index shows all runs, leave it out")
    path = asked.output or root / FILE
    text = render(index_of(root, path))
    if path == Path("-"):
        return say_file(text)
    _write(path, [text])
    say(f"index: {path}")
    if asked.is_opened:
        click.launch(path.resolve().as_uri())


def _show(report: "Report", asked: Asked, place: Place) -> None:
    """Write the report; ``place`` is where, by the name's end, unless the output says it."""
    kind, output = asked.kind, asked.output
    if kind == "terminal":
        _print(report, output)
        return
    renderer = import_module(f"harness.report.{kind.replace('-', '_')}")
    if kind in OF_FILES:
        _write_files(renderer, report, output or place(f"-{kind}"))
        return
    text: str = renderer.render(report)
    if output == Path("-"):
        say_json(text) if kind == "json" else say_file(text)
        return
    path = output or place(renderer.SUFFIX)
    _write(path, [text])
    say(f"report: {path}")
    if asked.is_opened:
        click.launch(path.resolve().as_uri())


def _with_surroundings(report: "Report", root: Path) -> "Report":
    """The report with the other stored runs and its adapters' trainings."""
    from harness.model_files.training_record import training_of
    from harness.records.runs import read_results, run_ids

    shown = {run.id for run in report.runs}
    history = []
    for run_id in run_ids(root)[-MAX_RUNS:]:
        # A damaged run does not stop this report; `harness history` reports it.
        with suppress(HarnessError):
            if run_id not in shown:
                history.append(read_results(root / run_id))
    trainings = {}
    for side in report.sides:
        folder, model = folder_of(side), side.model_record
        found = training_of(model, folder) if folder and model else None
        if found is not None:
            trainings[side.record.id, side.model] = found
    return replace(report, history=tuple(history), trainings=trainings)


def _with_review(report: "Report", path: Path) -> "Report":
    """The report with a person's review of its runs."""
    from harness.records.reviews import read_review

    review = read_review(path)
    known = {(run.id, model.ref) for run in report.runs for model in run.models}
    if not any((said.run, said.model) in known for said in review):
        about = " and ".join(dict.fromkeys(said.run for said in review))
        raise HarnessError(f"--review {path}: is about run {about}, name that run")
    return replace(report, review=review)


def folder_of(side: "Side") -> Path | None:
    """The folder that an adapter lay in when its run was made."""
    kind, _, location = side.model.partition(":")
    return Path(location) if kind == "adapter" else None


def _records(
    runs: tuple[str, ...], root: Path, settings: "Settings", kind: str
) -> "tuple[list[RunRecord], BaselineTexts | None]":
    """The runs, of which baselines get their texts where the format shows answers."""
    from harness.cli._baseline_texts import BaselineTexts
    from harness.records.runs import LATEST

    found = records(runs, root, settings)
    if kind not in _WITH_TEXTS:
        return found, None
    texts = BaselineTexts(root, settings, tuple(found))
    return [texts.record(n, r) for n, r in zip(runs or (LATEST,), found, strict=True)], texts


def _with_remarks(report: "Report", texts: "BaselineTexts | None") -> "Report":
    """The report with a line about each of its baselines whose texts are missing."""
    remarks = texts.remarks if texts else {}
    notes = tuple(remarks[run.id] for run in report.runs if run.id in remarks)
    say(*notes, err=True)
    return replace(report, notes=notes)


def _require_texts(found: "Sequence[RunRecord]") -> None:
    """Refuse a baseline without texts for files of answers, which would be empty."""
    for record in found:
        if record.samples and not any(s.completion.text for s in record.samples):
            raise HarnessError(
                f"the baseline of run {record.id} holds no texts to show: save it with --texts, "
                "or say --format markdown"
            )


def _with_parity(report: "Report", runs: tuple[str, ...], root: Path) -> "Report":
    """The report with the parity that is stored beside the last named run, if any."""
    from harness.parity.file import read_parity

    try:
        folder = _folder(runs, root)
    except HarnessError:
        return report  # A baseline has no folder.
    return replace(report, parity=read_parity(folder))


def _folder(runs: tuple[str, ...], root: Path) -> Path:
    """Folder of the report's run: the last one named."""
    from harness.records.runs import LATEST, find_run

    name = runs[-1] if runs else LATEST
    try:
        return find_run(name, root)
    except HarnessError:
        raise HarnessError(f"{name}: is a baseline and has no folder, say -o FILE") from None


class FilesOfReport(Protocol):
    """A file of ``harness/report/`` whose format is several files."""

    def files(self, report: "Report") -> Iterator[tuple[str, Iterable[bytes]]]: ...
    def remarks(self, report: "Report") -> Iterator[str]: ...


def _write_files(renderer: FilesOfReport, report: "Report", folder: Path) -> None:
    """Write the files of a format that is several."""
    paths = []
    for name, content in renderer.files(report):
        paths.append(folder / name)
        _write(paths[-1], content)
    say(*(f"wrote {path}" for path in paths))
    say(*renderer.remarks(report), err=True)


def _place(runs: tuple[str, ...], root: Path, found: "list[RunRecord]", suffix: str) -> Path:
    return _folder(runs, root) / _file_name(found, suffix)


def _file_name(found: "list[RunRecord]", suffix: str) -> str:
    """``report.html``, or ``report-since-<the other run>.html`` beside it."""
    if len(found) == 1:
        return f"report{suffix}"
    return f"report-since-{found[0].id}{suffix}"


def _write(path: Path, parts: Iterable[str | bytes]) -> None:
    from harness.files.atomic import write_whole

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, parts)
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}, name another file after -o") from None


def _print(report: object, output: Path | None) -> None:
    from harness.report import terminal
    from harness.report.console.screen import as_text, show
    from harness.report.report import Report

    assert isinstance(report, Report)
    shown = terminal.whole(report)
    if output is not None and output != Path("-"):
        _write(output, [as_text(shown, width=100)])
        return
    show(shown, 80)
