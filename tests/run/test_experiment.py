"""The arms of an experiment as two runs."""

from dataclasses import replace

import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import FailureCode
from harness.run.experiment import arm_records
from tests.ab.lines import entry

TEXTS = {"messages": (Message("user", "x"),), "text": "{}"}


def result(record, behavior=FORMAT_SUCCESS):
    return next(r for r in record.results if r.behavior == behavior)


def test_a_rate_is_over_keys_and_what_got_no_answer_is_an_error():
    rows = [entry(n, passed=False, key="loud") for n in range(50)]
    rows += [entry(100 + n, key=f"k{n}") for n in range(49)]
    rows += [entry(200, "candidate"), entry(201, "candidate", status=503, finish_reason=None)]
    before, after = arm_records([*rows, entry(300, task="")], [])
    assert result(before).rate == pytest.approx(0.98)
    assert result(before).codes == {FailureCode.SYNTAX.value: 50}
    assert (result(after).passed, result(after).errors) == (1, 1)
    assert (before.id, before.models[0].weights_sha256) == ("ab-baseline", "b" * 64)
    assert before.tasks[0].required == ("json_validity",)
    assert before.samples == ()
    assert before.models[0].warnings[0].endswith(": 99 answers, the log keeps no texts")


def test_texts_that_failed_are_shown_before_those_that_passed_and_all_where_that_is_asked():
    rows = [entry(n, passed=n > 310, **TEXTS) for n in range(420)]
    rows += [replace(entry(2_000, "candidate", **TEXTS), status=503, finish_reason=None)]
    before, after = arm_records(rows, [])
    assert len(before.samples) == 400
    assert sum(s.verdicts["json_validity"].code is not None for s in before.samples) == 300
    assert after.samples[0].completion.error == "no answer (status 503)"
    assert len(arm_records(rows, [], has_all=True)[0].samples) == 420


def test_an_arm_without_an_answer_is_refused():
    with pytest.raises(HarnessError, match="no answer of the candidate"):
        arm_records([entry()], [])
