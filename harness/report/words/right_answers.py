"""The share of right answers, which stands beside ``format_success_rate``.

An answer can have the wanted format and a wrong value. Where cases have references,
``exact_fields`` compares the values with them.
"""

from harness.core.record import FORMAT_SUCCESS, BehaviorResult
from harness.gate.compare import Side
from harness.report.report import Report
from harness.report.words import comparison as sentences

RIGHT_ANSWERS = "exact_fields"
"""The behavior that compares an answer's values with those of its reference."""
LABEL = f"right answers ({RIGHT_ANSWERS})"


def order_of(behavior: str) -> int:
    """Sorts the composite first and the right answers second; the others keep their order."""
    return {FORMAT_SUCCESS: 0, RIGHT_ANSWERS: 1}.get(behavior, 2)


def right_answers(side: Side | None, task: str) -> BehaviorResult | None:
    """The result of one side; ``None`` where it has no rate, as without references."""
    found = side.result(task, RIGHT_ANSWERS) if side else None
    return None if found is None or found.rate is None else found


def statement(report: Report, task: str, minus: str = "-") -> str:
    """``Right answers (exact_fields) rose from 20.0% to 23.3% (+3.3 points).``, or nothing."""
    before, after = (right_answers(side, task) for side in (report.before, report.after))
    if after is None:
        return ""
    if before is None:
        said = sentences.of_rate(LABEL, after)
    else:
        said = sentences.of_rates(LABEL, before, after, minus)
    return said[:1].upper() + said[1:]
