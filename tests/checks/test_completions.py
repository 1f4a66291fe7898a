"""Tables of completions, written by hand, with what every check must say of each."""

import pytest

from harness.core.verdict import Outcome
from harness.tasks.judging import judge_line
from harness.tasks.judging_line import JudgingLine
from tests.checks import payment_values, payments, timelines
from tests.checks.judging import line

PAYMENTS = [
    pytest.param(
        text, {name: code for name, code in failing.items() if code}, id=f"{table}-{index}"
    )
    for table, rows in {**payments.TABLES, **payment_values.TABLES}.items()
    for index, (text, failing) in enumerate(rows)
]
TIMELINES = [
    pytest.param(text, failing, id=f"timeline-{index}")
    for index, (text, failing) in enumerate(timelines.ROWS)
]


def payment_line(text: str) -> JudgingLine:
    return line(
        id="x",
        completion=text,
        prompt=payments.PROMPT,
        schema=payments.SCHEMA,
        timestamps=payments.TIMESTAMPS,
        grounded=payments.GROUNDED,
        reference=payments.REFERENCE,
        finish_reason="stop",
    )


def timeline_line(text: str) -> JudgingLine:
    return line(
        id="x",
        completion=text,
        prompt=timelines.PROMPT,
        schema=timelines.SCHEMA,
        timestamps=timelines.TIMESTAMPS,
        grounded=timelines.GROUNDED,
        exact=timelines.EXACT,
        reference=timelines.REFERENCE,
        finish_reason="stop",
    )


def assert_verdicts(judged: JudgingLine, failing: dict[str, str]) -> None:
    verdicts = dict(judge_line(judged))
    assert verdicts.pop("leaf_values").outcome is Outcome.SKIPPED  # No line asks for shares.
    assert verdicts.pop("item_counts").outcome is Outcome.SKIPPED
    found = {n: v.code.value for n, v in verdicts.items() if v.outcome is Outcome.FAILED}
    assert found == failing
    for verdict in verdicts.values():
        assert verdict.outcome in (Outcome.PASSED, Outcome.FAILED)
        assert verdict.reason.isprintable()
        assert len(verdict.reason) <= 400
        assert (verdict.span is not None) == (verdict.outcome is Outcome.FAILED)
        if verdict.span is not None:
            assert 0 <= verdict.span[0] <= verdict.span[1] <= len(judged.completion)


def test_tables_hold_more_than_two_hundred_completions():
    assert len({row.values[0] for row in PAYMENTS + TIMELINES}) > 300


@pytest.mark.parametrize(("text", "failing"), PAYMENTS)
def test_payment_is_judged_as_the_table_says(text, failing):
    assert_verdicts(payment_line(text), failing)


@pytest.mark.parametrize(("text", "failing"), TIMELINES)
def test_timeline_is_judged_as_the_table_says(text, failing):
    assert_verdicts(timeline_line(text), failing)
