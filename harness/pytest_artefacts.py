"""The files of a session's models, looked into before any of them is opened."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.artefacts.examine import examine_all
from harness.artefacts.finding import Level
from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.core.record import RunRecord
from harness.selection import Subject

Warnings = Mapping[str, tuple[str, ...]]
"""What is likely not meant, by the model's ref: a line each."""


def look_into(subjects: Iterable[Subject]) -> Warnings:
    """Look into the files of every model of a session.

    Raises:
        HarnessError: what a model would answer means nothing: a line for each reason.
    """
    examined = examine_all(tuple(dict.fromkeys(subject.ref for subject in subjects)))
    problems = [
        f"--model {e.ref}: {printable(str(finding))}"
        for e in examined
        for finding in e.at(Level.PROBLEM)
    ]
    if problems:
        raise HarnessError("\n".join(problems))
    found = {str(e.ref): tuple(map(str, e.at(Level.WARNING))) for e in examined}
    return {ref: lines for ref, lines in found.items() if lines}


def with_warnings(record: RunRecord, warnings: Warnings) -> RunRecord:
    """The record with each model's warnings."""
    models = tuple(replace(m, warnings=warnings.get(m.ref, ())) for m in record.models)
    return replace(record, models=models)
