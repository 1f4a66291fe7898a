"""Logs of experiments where commands take runs."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.ab.entry import LogEntry
    from harness.ab.reading import LogLines, ReadLog
    from harness.report.report import Report
    from harness.run.settings import Settings


def logs_among(names: Sequence[str]) -> list[Path]:
    """The names as logs of one experiment; none where they are runs.

    Raises:
        HarnessError: some are logs and some are not.
    """
    from harness.ab.reading import is_log

    logs = [Path(name) for name in names if is_log(Path(name))]
    if logs and len(logs) < len(names):
        other = next(name for name in names if not is_log(Path(name)))
        raise HarnessError(f"{other}: is no log of an experiment, and {logs[0]} is one")
    return logs


def experiment_report(logs: Sequence[Path], settings: "Settings", *, has_all: bool) -> "Report":
    """The report on the arms of a log, decided by the gate. What the log lacks is said on standard
    error.

    Args:
        logs: files or folders of one log.
        settings: of the project.
        has_all: the report holds all answers, which the log must have texts of.

    Raises:
        HarnessError: the log cannot be read, or is not of one experiment.
    """
    from dataclasses import replace

    from harness.ab.reading import read_log
    from harness.gate.log_decision import decide_log
    from harness.report.console.output import say
    from harness.report.report import report_on
    from harness.run.experiment import arm_records
    from harness.tasks.task import find_tasks

    read = read_log(logs)
    entries = read.entries
    names = sorted({entry.experiment for entry in entries})
    if len(names) > 1:
        raise HarnessError(
            f"{logs[0]}: holds {len(names)} experiments ({', '.join(names)}), name the files of one"
        )
    if has_all:
        require_texts(logs[0], entries)
    say(*remarks_on(read), err=True)
    folder = Path(settings.tasks_dir)
    tasks = find_tasks(folder) if folder.is_dir() else ()
    report = report_on(*arm_records(entries, tasks, has_all=has_all))
    return replace(report, experiment=decide_log(entries, settings.gate))


def remarks_on(read: "ReadLog | LogLines") -> Iterator[str]:
    """Lines on what is missing in a log."""
    from harness.report.words.numbers import plural

    if read.halves:
        yield (
            f"{plural(read.halves, 'file')} of the log ended in half a line, which is passed over: "
            "the server was killed while it wrote."
        )
    if read.broken:
        more = f" and {len(read.broken) - 1:,} more" if len(read.broken) > 1 else ""
        yield f"Lines that cannot be read are passed over: {read.broken[0]}{more}."
    if lost := {arm: n for arm, n in sorted(read.lost.items()) if n}:
        counted = ", ".join(f"{n:,} of the {arm}" for arm, n in lost.items())
        yield f"Answers that could not be logged are missing: {counted}."


def require_texts(log: Path, entries: "Iterable[LogEntry]") -> None:
    """
    Raises:
        HarnessError: the log holds no prompts and answers.
    """
    if all(entry.text is None for entry in entries):
        raise HarnessError(
            f"{log}: holds no prompts and answers, harness serve --ab --log-text keeps them"
        )


def with_texts(path: Path) -> list[Path]:
    """The files of a log, which must hold texts; any other path as it is.

    Raises:
        HarnessError: it is a log without prompts and answers.
    """
    from harness.ab.reading import files_of, is_log, lines_of

    if not is_log(path):
        return [path]
    require_texts(path, lines_of([path]))
    return files_of([path])


def beside(logs: Sequence[Path], suffix: str) -> Path:
    """The file of a report on a log, in the log's folder."""
    last = logs[-1]
    return (last if last.is_dir() else last.parent) / f"report{suffix}"
