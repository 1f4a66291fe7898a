"""A line of the log comes back as it was, and holds no text unless it is to."""

import json

import pytest

from harness.ab.entry import LogEntry, is_log_line, outcome_in
from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.verdict import FailureCode, Outcome, Verdict
from tests.ab.lines import entry

SECRET = "Ada paid 47.20"


def line(one):
    return json.dumps(one.to_json()).encode()


@pytest.mark.parametrize(
    "one",
    [
        entry(1, passed=False, key="k", lost={"candidate": 2}),
        entry(status=503, finish_reason=None, error="the process died", verdicts={}),
        entry(
            messages=(Message("system", "s"), Message("user", SECRET)),
            text="\ud800{",
            is_repaired=True,
        ),
        entry(task="", required=(), verdicts={}, weights=None, split=0.5),
    ],
)
def test_a_line_comes_back(one):
    assert is_log_line(line(one))
    assert LogEntry.parse(line(one)) == one


def test_reasons_that_quote_an_answer_are_in_a_log_with_texts_alone():
    verdict = Verdict.failed(FailureCode.SYNTAX, f"found {SECRET}", (0, 3))
    one = entry(verdicts={"json_validity": verdict})
    assert SECRET.encode() not in line(one)
    kept = entry(verdicts={"json_validity": verdict}, messages=(), text="x")
    assert LogEntry.parse(line(kept)).verdicts["json_validity"] == verdict


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other/1"},
        {"arm": "third"},
        {"split": 100},
        {"time": "yesterday"},
        {"seconds": "NaN"},
        {"verdicts": {"a": {"outcome": "maybe"}}},
        {"verdicts": []},
        {"required": "json_validity", "status": None},
    ],
)
def test_what_is_no_line_is_refused(change):
    value = json.dumps({**entry().to_json(), **change}).replace('"NaN"', "NaN")
    with pytest.raises(HarnessError):
        LogEntry.parse(value.encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 5000])
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(HarnessError, match="no line of an A/B log"):
        LogEntry.parse(raw)


def test_an_answer_that_is_owed_is_an_error_and_never_a_failure():
    for status, reason in ((503, None), (0, None), (200, None), (504, "stop")):
        assert entry(status=status, finish_reason=reason).outcome() is Outcome.ERROR
    assert entry(passed=False).outcome() is Outcome.FAILED
    found = entry()
    assert outcome_in(found.verdicts, found.required, "json_validity") is Outcome.PASSED
    assert outcome_in(found.verdicts, found.required, "unknown") is Outcome.ERROR
