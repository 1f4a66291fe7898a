"""The page's content as values: everything that its template writes, and that its script draws."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.gate.compare import Side
from harness.report.page.cases.tokens import has_tokens
from harness.report.page.charts.training import TrainingView, training_views
from harness.report.page.embed import EmbeddedSide, embed
from harness.report.page.headlines import Headline, headline_of_report
from harness.report.page.labels import Label, label_of
from harness.report.page.matrix import Pairs
from harness.report.page.parity_view import ParityView, parity_view
from harness.report.page.task_view import TaskView, task_views
from harness.report.page.title import subject_of, title_of
from harness.report.report import Report
from harness.report.words import decision as decisions
from harness.report.words.grammar_lift import GrammarLift, grammar_lifts
from harness.report.words.provenance import Fact, differing, environment_of, facts


@dataclass(frozen=True, slots=True)
class PageData:
    """One page."""

    title: str
    subject: tuple[str, ...]
    """The models, dates and commits, which the title names too."""
    runs: tuple[str, ...]
    """Their ids."""
    verdict: Headline | None
    """On all tasks; ``None`` where the gate was not asked."""
    notes: tuple[str, ...]
    tasks: tuple[TaskView, ...]
    labels: tuple[Label, ...]
    """Every model."""
    pair: tuple[Label, ...]
    """The sides before and after, or the only one."""
    trainings: tuple[TrainingView, ...]
    parity: ParityView | None
    lifts: tuple[GrammarLift, ...]
    """Tasks that one run decoded freely and the other constrained."""
    facts: tuple[Fact, ...]
    essential: tuple[str, ...]
    """Facts in which the sides differ and without which their answers cannot be compared."""
    differing: tuple[Fact, ...]
    environment: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    """The command that made the run after."""
    replayed: EmbeddedSide
    """The side whose cases are replayed."""
    script_data: Markup
    """For the page's script: every case, every pair of models."""
    has_tokens: bool
    """Some answers have log-probabilities, which are embedded as far as they fit."""


def page_data(report: Report, limit: int, pairs: Pairs) -> PageData:
    """The content of the page.

    Args:
        report: what the page is about.
        limit: the most characters of one text.
        pairs: the reports on every pair, see ``matrix.all_pairs``.
    """
    tasks, found = task_views(report, limit, pairs), facts(report)
    sides = [_embedded(report, side) for side in report.sides]
    places = [report.place(side) for side in report.pair]
    is_drawn = report.experiment is not None  # Each arm was asked what its keys asked.
    return PageData(
        title=title_of(report),
        subject=subject_of(report),
        runs=tuple(run.id for run in report.runs),
        verdict=headline_of_report(report),
        notes=_notes(report),
        tasks=tasks,
        labels=tuple(label_of(report, side) for side in report.sides),
        pair=tuple(label_of(report, side) for side in report.pair),
        trainings=training_views(report),
        parity=parity_view(report.parity),
        lifts=grammar_lifts(report),
        facts=found,
        essential=tuple(f.name for f in found if f.is_essential and f.differs and not is_drawn),
        differing=differing(report),
        environment=environment_of(report),
        command=report.after.record.command,
        replayed=sides[places[-1]],
        script_data=embed((view.cases for view in tasks), sides, places, report.review),
        has_tokens=has_tokens([view.cases for view in tasks]),
    )


def _embedded(report: Report, side: Side) -> EmbeddedSide:
    """The last model of a run is the one whose answers a replay is set beside."""
    label = label_of(report, side)
    is_last = side.record.models[-1].ref == side.model
    return EmbeddedSide(label.text, side.model, side.record.id, "" if is_last else side.model)


def _notes(report: Report) -> tuple[str, ...]:
    notes = [
        f"Run {run.id} was interrupted: its rates say nothing about the cases it did not reach. "
        f"Its answers are judged by pytest suites/ --model record:{run.id}."
        for run in report.runs
        if run.status == "partial"
    ]
    notes += [
        f"Run {run.id} is {run.shard}: its rates say nothing about the cases of the others. "
        "harness run merge joins them."
        for run in report.runs
        if run.shard is not None
    ]
    for run in report.runs:
        notes += [f"{model.ref}: {model.error}" for model in run.models if model.error is not None]
        notes += [f"{model.ref}: {line}" for model in run.models for line in model.warnings]
        if run.timed and run.load and run.load.note:
            notes.append(f"Run {run.id}: {run.load.note}.")
    decision = report.experiment or report.decision
    refused = decision.refused if decision else ()
    return (
        *notes,
        *(f"{note}." for note in report.notes),
        *(f"Not comparable: {decisions.format_incompatibility(found)}." for found in refused),
    )
