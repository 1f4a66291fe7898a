"""The page's section on parity as values: what the template writes, worked out."""

from dataclasses import dataclass

from harness.parity.values import AnswerParity, Divergence, PairParity, Parity
from harness.report.words import parity as parity_words

MAX_DIVERGENCES = 25
"""Divergences shown of one pair and task; ``parity.json`` has more."""


@dataclass(frozen=True, slots=True)
class CostTable:
    """The size, memory and speed of each model on one task."""

    task: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """A model's name, and a cell under each heading."""


@dataclass(frozen=True, slots=True)
class DivergenceRow:
    """The position at which two answers diverge."""

    case_id: str
    cells: tuple[str, ...]
    flipped: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answers of a pair to one task."""

    task: str
    headline: str
    ties: str
    flips: tuple[tuple[str, str, int, int], ...]
    """Behavior, rates, regressed, fixed."""
    rows: tuple[DivergenceRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class PairView:
    """A model and the one it was made from."""

    before: str
    after: str
    is_copy: bool
    is_wrong: bool
    notes: tuple[str, ...]
    reading: tuple[str, ...]
    first_step: tuple[str, ...]
    answers: tuple[AnswerView, ...]


@dataclass(frozen=True, slots=True)
class ParityView:
    """The whole section."""

    headings: tuple[str, ...]
    costs: tuple[CostTable, ...]
    pairs: tuple[PairView, ...]
    errors: tuple[str, ...]
    """The errors of models that have no answers."""
    legend: str


def parity_view(parity: Parity | None) -> ParityView | None:
    """The section; ``None`` where nothing was measured."""
    if parity is None:
        return None
    names = parity_words.labels(parity)
    return ParityView(
        parity_words.COST_HEADINGS,
        tuple(
            CostTable(
                task, tuple((names[m.ref], parity_words.cost_cells(m, task)) for m in parity.models)
            )
            for task in parity_words.tasks_of(parity)
        ),
        tuple(_pair(pair, names) for pair in parity.pairs),
        parity_words.errors(parity),
        parity_words.LEGEND,
    )


def _pair(pair: PairParity, names: dict[str, str]) -> PairView:
    return PairView(
        names[pair.before],
        names[pair.after],
        pair.is_copy,
        pair.reading is not None and not pair.reading.is_same,
        pair.notes,
        parity_words.reading(pair),
        parity_words.first_step(pair),
        tuple(_answers(answers, pair.is_copy) for answers in pair.answers),
    )


def _answers(answers: AnswerParity, is_copy: bool) -> AnswerView:
    shown = answers.divergences[:MAX_DIVERGENCES]
    return AnswerView(
        answers.task,
        parity_words.identical(answers),
        parity_words.ties(answers) if is_copy else "",
        tuple(
            (f.behavior, parity_words.change(f.rate_before, f.rate_after), f.regressed, f.fixed)
            for f in answers.flips
            if f.regressed or f.fixed
        ),
        tuple(_row(found) for found in shown),
        answers.differing - len(shown),
    )


def _row(found: Divergence) -> DivergenceRow:
    cells = (
        str(found.position),
        parity_words.token(found.before),
        parity_words.token(found.after),
        *parity_words.margins(found, "not measured"),
    )
    return DivergenceRow(found.case_id, cells, parity_words.flipped(found))
