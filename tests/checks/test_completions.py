"""Tables of completions, written by hand, with what every check must say of each."""

import pytest

from harness.core.verdict import Outcome
from harness.judging import judge_line
from harness.judging_line import JudgingLine
from tests.checks import payments

ROWS = [
    pytest.param(
        text, {name: code for name, code in failing.items() if code}, id=f"{table}-{index}"
    )
    for table, rows in payments.TABLES.items()
    for index, (text, failing) in enumerate(rows)
]


def test_tables_hold_two_hundred_completions():
    texts = [text for rows in payments.TABLES.values() for text, _ in rows]
    assert len(set(texts)) >= 200


@pytest.mark.parametrize(("text", "failing"), ROWS)
def test_every_check_says_what_the_table_says(text, failing):
    line = JudgingLine(
        id="x",
        completion=text,
        prompt=payments.PROMPT,
        has_schema=True,
        schema=payments.SCHEMA,
        timestamps=payments.TIMESTAMPS,
        grounded=tuple(payments.GROUNDED),
        reference=payments.REFERENCE,
        finish_reason="stop",
    )
    verdicts = judge_line(line)
    found = {n: v.code.value for n, v in verdicts.items() if v.outcome is Outcome.FAILED}
    assert found == failing
    assert all(v.outcome in (Outcome.PASSED, Outcome.FAILED) for v in verdicts.values())


@pytest.mark.parametrize(("text", "failing"), ROWS)
def test_reasons_are_one_printable_line_and_spans_lie_in_the_text(text, failing):
    line = JudgingLine(
        id="x",
        completion=text,
        prompt=payments.PROMPT,
        has_schema=True,
        schema=payments.SCHEMA,
        timestamps=payments.TIMESTAMPS,
        grounded=tuple(payments.GROUNDED),
        reference=payments.REFERENCE,
    )
    for verdict in judge_line(line).values():
        assert verdict.reason.isprintable()
        assert len(verdict.reason) <= 400
        if verdict.outcome is Outcome.FAILED:
            assert verdict.span is not None
            assert 0 <= verdict.span[0] <= verdict.span[1] <= len(text)
