"""The table of fields: by field and model, the worst first, and text of a reference is text."""

from dataclasses import replace

from harness.core.grade import FieldGrade
from harness.core.record import BehaviorResult, RunRecord, Share, Shares
from harness.report.html import render
from harness.report.json import content
from harness.report.page.field_rows import MAX_ROWS, field_tables
from harness.report.report import report_on
from harness.report.words.shares import share_lines
from tests.synthetic import ADAPTER, BASE, TASK, record


def graded(model: str, *fields: FieldGrade) -> BehaviorResult:
    shares = Shares(Share(0.98, (0.9, 0.99)), fields)
    return BehaviorResult(
        model, TASK, "leaf_values", 40, 20, rate=0.9, interval=(0.8, 0.95), shares=shares
    )


def run(*results: BehaviorResult) -> RunRecord:
    found = record(60)
    return replace(found, results=(*found.results, *results))


AMOUNT, NAME = FieldGrade("/amount", 60, 59, 41), FieldGrade("/items/*/n", 120, 120, 120)


def test_fields_stand_by_their_rate_of_the_last_model() -> None:
    report = report_on(run(graded(BASE, NAME), graded(ADAPTER, NAME, AMOUNT)))
    (table,) = field_tables(report, TASK)
    assert [row.name for row in table.rows] == ["/amount", "/items/*/n"]
    assert [row.rates for row in table.rows] == [("", "68.3%"), ("100.0%", "100.0%")]
    assert (table.whole, table.recalls) == (("40 of 60",) * 2, ("98.0%",) * 2)


def test_a_field_that_only_an_earlier_model_has_stands_by_its_own_rate() -> None:
    gone = FieldGrade("/gone", 10, 10, 1)
    report = report_on(run(graded(BASE, gone, NAME), graded(ADAPTER, NAME, AMOUNT)))
    (table,) = field_tables(report, TASK)
    assert [(row.name, row.rates) for row in table.rows][:2] == [
        ("/gone", ("10.0%", "")),
        ("/amount", ("", "68.3%")),
    ]


def test_many_fields_are_counted() -> None:
    fields = [FieldGrade(f"/f{i}", 10, 10, 9) for i in range(MAX_ROWS + 3)]
    (table,) = field_tables(report_on(run(graded(ADAPTER, *fields))), TASK)
    assert (len(table.rows), table.more) == (MAX_ROWS, 3)


def test_the_page_has_them_and_a_name_is_no_markup() -> None:
    hostile = FieldGrade("/<img src=x>", 2, 2, 1)
    text = render(report_on(run(graded(ADAPTER, AMOUNT, hostile))))
    assert "Fields of leaf_values" in text
    assert "<code>/&lt;img src=x&gt;</code>" in text
    assert "Fields of" not in render(report_on(record(60)))


def test_json_has_each_field_with_its_rate() -> None:
    (told,) = content(report_on(run(graded(ADAPTER, AMOUNT, NAME))))["runs"]
    (found,) = (r["shares"] for r in told["results"] if r["behavior"] == "leaf_values")
    assert found["path_recall"] == {"rate": 0.98, "interval": [0.9, 0.99]}
    amount, name = found["fields"]
    assert amount == {
        "pointer": "/amount", "leaves": 60, "present": 59, "equal": 41, "rate": 41 / 60,
    }  # fmt: skip
    assert name["rate"] == 1.0
    assert {r["shares"] for r in told["results"] if r["behavior"] != "leaf_values"} == {None}


def test_the_terminal_names_the_worst_fields() -> None:
    fields = [FieldGrade(f"/f{i}", 10, 10, i) for i in range(8)]
    whole, told = share_lines(graded(ADAPTER, *fields, NAME))
    assert whole == "leaf_values: all leaves in 40 of 60 answers, path recall 98.0% (90.0 to 99.0%)"
    assert told.startswith("fields: /f0 0.0% of 10, /f1 10.0% of 10")
    assert told.endswith(", 4 more at 50.0% or above")
    assert [*share_lines(graded(ADAPTER, NAME))][1] == "fields: the one at 100.0%"
    assert [*share_lines(replace(graded(ADAPTER, NAME), shares=None))] == []
