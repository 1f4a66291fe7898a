"""Two tables: every verdict of every answer, and every answer; as CSV and as Parquet."""

import csv
import io
from dataclasses import replace
from typing import Any

import pyarrow.parquet
import pytest

from harness.core.errors import HarnessError
from harness.core.grade import FieldGrade, Grade
from harness.core.review import ReviewedAnswer
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.report import csv as as_csv
from harness.report import parquet
from harness.report.report import Report, report_on
from harness.report.tables import COMPLETIONS, REVIEW, VERDICTS
from tests.report.hostile import HOSTILE
from tests.synthetic import (
    BASE,
    BEHAVIORS,
    TASK,
    good,
    record,
    record_of,
    sample,
    values,
    with_text,
)

FORMULAS = ("=HYPERLINK(0)", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1")  # noqa: RUF001


def csv_rows(report: Report, name: str) -> list[dict[str, str]]:
    found = b"".join(dict(as_csv.files(report))[f"{name}.csv"])
    return list(csv.DictReader(io.StringIO(found.decode("utf-8"), newline="")))


def parquet_rows(report: Report, name: str) -> list[dict[str, Any]]:
    found = b"".join(dict(parquet.files(report))[f"{name}.parquet"])
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(found)).to_pylist()
    return rows


def answers(*texts: str) -> Report:
    (value,) = values(1)
    made = [with_text(sample(BASE, n, value, good(value)), t) for n, t in enumerate(texts)]
    return report_on(record_of([(BASE, made)]))


def test_a_row_for_each_verdict_and_each_answer() -> None:
    run = record(12)
    report = report_on(run)
    assert len(csv_rows(report, "verdicts")) == len(run.samples) * len(BEHAVIORS)
    rows = csv_rows(report, "completions")
    assert [row["text"] for row in rows] == [s.completion.text for s in run.samples]
    assert list(rows[0]) == list(COMPLETIONS)


def test_both_formats_say_the_same() -> None:
    report = report_on(record(12))
    for name, columns in (("verdicts", VERDICTS), ("completions", COMPLETIONS)):
        ours, theirs = csv_rows(report, name), parquet_rows(report, name)
        assert list(theirs[0]) == list(columns)
        for mine, other in zip(ours, theirs, strict=True):
            assert mine == {
                k: "" if v is None else str(v).lower() if isinstance(v, bool) else str(v)
                for k, v in other.items()
            }


def test_rows_are_written_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_on(record(12))
    whole = [(csv_rows(report, n), parquet_rows(report, n)) for n in ("verdicts", "completions")]
    monkeypatch.setattr("harness.report.tables.BATCH_ROWS", 5)
    parts = [(csv_rows(report, n), parquet_rows(report, n)) for n in ("verdicts", "completions")]
    assert parts == whole


def test_a_verdict_has_its_span_and_code() -> None:
    failed = Verdict.failed(FailureCode.SYNTAX, "no JSON", (0, 2))
    (value,) = values(1)
    one = with_text(sample(BASE, 1, value, good(value)), "no", json_validity=failed)
    report = report_on(record_of([(BASE, [one])]))
    (row,) = (r for r in parquet_rows(report, "verdicts") if r["behavior"] == "json_validity")
    assert (row["outcome"], row["code"], row["reason"]) == ("failed", "syntax", "no JSON")
    assert (row["span_start"], row["span_end"]) == (0, 2)
    (answer,) = parquet_rows(report, "completions")
    assert answer["format_success"] is False


def test_a_graded_verdict_has_its_share_and_an_answer_its_weight() -> None:
    """Of four leaves three have a path in the answer, and one is equal."""
    grade = Grade((FieldGrade("/a", 3, 2, 1), FieldGrade("/b", 1, 1, 0)))
    failed = Verdict.failed(FailureCode.WRONG_VALUE, "x").graded(grade)
    (value,) = values(1)
    one = with_text(sample(BASE, 1, value, good(value)), "no", leaf_values=failed)
    report = report_on(record_of([(BASE, [replace(one, weight=2.5)])]))
    shares = {
        r["behavior"]: (r["share"], r["path_recall"]) for r in parquet_rows(report, "verdicts")
    }
    assert shares.pop("leaf_values") == (0.25, 0.75)
    assert set(shares.values()) == {(None, None)}
    in_csv = {r["behavior"]: r["share"] for r in csv_rows(report, "verdicts")}
    assert (in_csv["leaf_values"], in_csv["json_validity"]) == ("0.25", "")
    assert [row["weight"] for row in parquet_rows(report, "completions")] == [2.5]


def test_an_undecided_case_is_neither_a_success_nor_a_failure() -> None:
    run = record(2)
    unjudged = tuple(replace(s, verdicts={}) for s in run.samples)
    report = report_on(replace(run, samples=unjudged))
    assert {row["format_success"] for row in parquet_rows(report, "completions")} == {None}
    assert parquet_rows(report, "verdicts") == []


@pytest.mark.parametrize("text", FORMULAS)
def test_no_spreadsheet_runs_an_answer(text: str) -> None:
    report = answers(text)
    assert csv_rows(report, "completions")[0]["text"] == f"'{text}"
    assert parquet_rows(report, "completions")[0]["text"] == text


def test_hostile_text_arrives() -> None:
    report = answers(*HOSTILE)
    whole = [t.encode("utf-8", "backslashreplace").decode() for t in HOSTILE]
    assert [row["text"] for row in parquet_rows(report, "completions")] == whole
    in_csv = [row["text"].removeprefix("'") for row in csv_rows(report, "completions")]
    assert in_csv == [text.replace("\0", r"\x00") for text in whole]


def test_a_number_beyond_64_bits_is_one_line() -> None:
    (value,) = values(1)
    made = sample(BASE, 1, value, good(value))
    run = record_of([(BASE, [replace(made, repeat=1 << 63)])])
    with pytest.raises(HarnessError, match="repeat of an answer is beyond 64 bits"):
        list(parquet.files(report_on(run)))


def test_without_pyarrow_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(HarnessError, match=r"pyarrow is not installed, pip install .*\[data\]"):
        list(parquet.files(report_on(record(2))))


def test_a_review_is_a_table_beside_them_and_is_set_against_the_checks() -> None:
    run = record(12)
    by_checks = {
        s.case_id: "right"
        if all(v.outcome is Outcome.PASSED for v in s.verdicts.values())
        else "wrong"
        for s in run.samples
        if s.model == BASE
    }
    review = [
        ReviewedAnswer(run.id, BASE, TASK, case, 0, "wrong", case.endswith("1"), ("=a",), "-n")
        for case in by_checks
    ]
    other = ReviewedAnswer("another", BASE, TASK, "pay-0001", verdict="right")
    report = replace(report_on(run), review=(*review, other))
    rows = csv_rows(report, "review")
    assert list(rows[0]) == list(REVIEW)
    assert {row["case_id"]: row["checks"] for row in rows} == by_checks
    assert rows[0]["note"] == "'-n"
    agreed = sum(said == "wrong" for said in by_checks.values())
    assert [row["agrees"] for row in rows].count("true") == agreed
    assert parquet_rows(report, "review")[0]["must_pass"] is True
    first, second = as_csv.remarks(report)
    assert first.startswith(f"12 answers reviewed: {agreed} as the checks say")
    assert second == "1 reviewed answer of other runs or models left out"
    assert [name for name, _ in as_csv.files(report_on(run))] == ["verdicts.csv", "completions.csv"]
