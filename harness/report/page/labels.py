"""The names of the models in the page."""

from dataclasses import dataclass

from harness.gate.compare import Side
from harness.report.report import Report


@dataclass(frozen=True, slots=True)
class Label:
    """The names of one side."""

    role: str
    """``before``, ``after``, or nothing for a model beside the pair."""
    name: str
    run: str
    """The id of its run, where the report has two."""
    ref: str
    css_class: str

    @property
    def text(self) -> str:
        """``json_extraction (20261120-131502-ab12)``."""
        return f"{self.name} ({self.run})" if self.run else self.name


def label_of(report: Report, side: Side) -> Label:
    """Names one model of one run by its part in the pair, its name and, in doubt, its run."""
    is_after = _is_same(side, report.after)
    role = ""
    if report.before is not None:
        role = "before" if _is_same(side, report.before) else "after" if is_after else ""
    described = side.model_record
    name = described.name if described else side.model
    run = side.record.id if len(report.runs) > 1 else ""
    return Label(role, name, run, side.model, role or ("after" if is_after else "other"))


def _is_same(side: Side, other: Side) -> bool:
    """Without comparing records value by value."""
    return side.record is other.record and side.model == other.model
