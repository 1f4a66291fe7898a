"""What a case is when each of its required behaviors has said something of it."""

import pytest

from harness.core.composite import composite
from harness.core.verdict import FailureCode, Verdict

PASSED = Verdict.passed()
FAILED = Verdict.failed(FailureCode.SYNTAX, "no")
SKIPPED = Verdict.skipped("no schema")
ERROR = Verdict.error(FailureCode.BACKEND_ERROR, "killed")


@pytest.mark.parametrize(
    ("verdicts", "decided"),
    [
        ({"a": PASSED, "b": PASSED}, PASSED),
        ({"a": PASSED, "b": FAILED}, FAILED),
        ({"a": FAILED, "b": ERROR}, ERROR),
        ({"a": SKIPPED, "b": PASSED}, PASSED),
        ({"a": SKIPPED, "b": SKIPPED}, SKIPPED),
        ({"a": SKIPPED, "b": FAILED}, FAILED),
        ({"a": FAILED}, None),
        ({"a": ERROR}, ERROR),
        ({}, None),
    ],
)
def test_what_decides(verdicts: dict[str, Verdict], decided: Verdict | None) -> None:
    assert composite(verdicts, ("a", "b")) is decided


def test_what_is_not_required_does_not_count() -> None:
    assert composite({"a": PASSED, "c": FAILED}, ("a",)) is PASSED
    assert composite({"c": FAILED}, ()) is None
