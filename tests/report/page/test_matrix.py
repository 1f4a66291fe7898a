"""More than two models."""

from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.gate.policy import GatePolicy
from harness.report.html import render
from harness.report.page.headlines import headline_of
from harness.report.page.matrix import SHADES, all_pairs, matrix_of
from harness.report.report import report_on
from harness.report.words.numbers import MINUS
from harness.report.words.slices import slices_in
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, TASK, chatty, good, record

THIRD = "gguf:out/m.gguf"


def three(cases: int = 80) -> RunRecord:
    return record(
        cases, [(BASE, CHATTERS), (THIRD, [(good, 0.6), (chatty, 0.4)]), (ADAPTER, BEHAVES)]
    )


def test_every_pair_says_what_its_own_report_says() -> None:
    run = three()
    report = report_on(run, policy=GatePolicy())
    pairs = all_pairs(report)
    assert set(pairs) == {(b, a) for b in range(3) for a in range(3) if a != b}
    matrix = matrix_of(report, run.tasks[0], pairs)
    assert matrix is not None
    refs = [model.ref for model in run.models]
    for (b, a), found in pairs.items():
        own = report_on(run, before=refs[b], after=refs[a], policy=GatePolicy())
        words = matrix.pairs[f"{b}-{a}"]
        assert words.headline == headline_of(own, TASK).text
        assert found.decision == own.decision
        assert words.slices.rows
        assert words.slices == slices_in(own, TASK, MINUS)
        difference = matrix.differences[b][a]
        assert difference is not None
        assert words.changes[FORMAT_SUCCESS][:2] == (difference.change, difference.interval)
    assert [row[i] for i, row in enumerate(matrix.differences)] == [None] * 3


def test_a_cell_is_colored_by_its_rate() -> None:
    run = three()
    report = report_on(run)
    matrix = matrix_of(report, run.tasks[0], {})
    assert matrix is not None
    for _, cells in matrix.rows:
        for cell in cells:
            assert cell.result is not None
            assert cell.shade == round((cell.result.rate or 0) * SHADES)
    paired = matrix_of(report, run.tasks[0], all_pairs(report))
    assert paired is not None
    fell = [d for row in paired.differences for d in row if d]
    assert {d.is_fall for d in fell} == {None}, "without a policy there is no interval to judge by"


def test_a_difference_is_marked_where_its_interval_leaves_out_zero() -> None:
    run = three()
    report = report_on(run, policy=GatePolicy())
    matrix = matrix_of(report, run.tasks[0], all_pairs(report))
    assert matrix is not None
    marks = [[d.is_fall if d else None for d in row] for row in matrix.differences]
    assert marks[0][2] is False
    assert marks[2][0] is True
    assert render(report).count('class="num fell"') == sum(row.count(True) for row in marks)


def test_one_or_two_models_have_none() -> None:
    report = report_on(record(4))
    assert all_pairs(report) == {}
    assert matrix_of(report, report.after.record.tasks[0], {}) is None
    assert 'table class="matrix' not in render(report)
