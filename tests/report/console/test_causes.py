"""Causes in a terminal: 80 columns, an example of each, nothing that is obeyed."""

from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict
from harness.gate.causes import BehaviorCauses, Cause, Failure
from harness.report.console.causes import lines, of_task
from harness.report.words.causes import BROKE


def cause(
    code: FailureCode, count: int, text: str = '{"a": 1}', case_id: str = "pay", path: str = ""
) -> Cause:
    verdict = Verdict.failed(code, "", (0, min(1, len(text))))
    failures = (
        Failure(Completion(text, FinishReason.STOP, f"{case_id}-{i}"), verdict, ("b",))
        for i in range(count)
    )
    return Cause(code, tuple(failures), path=path)


def test_each_cause_is_a_line_with_an_example() -> None:
    found = [cause(FailureCode.TEXT_BEFORE, 12, "Sure! " * 40), cause(FailureCode.MISSING_KEY, 4)]
    shown = [*lines(found, BROKE)]
    assert shown[0] == "  16 broke:"
    assert shown[1].startswith("    12 begin with chatter  pay-0  Sure! Sure! ")
    assert shown[1].endswith("…")
    assert shown[2] == '     4 lost a key          pay-0  {"a": 1}'
    assert [len(line) for line in shown if len(line) > 80] == []


def test_an_example_without_room_stands_below() -> None:
    found = [cause(FailureCode.NOT_IN_ENUM, 3, "x" * 99, path="/posts/*/mood/of/the/fans/there")]
    _, said, example = lines(found, BROKE)
    assert said == "    3 have a value not allowed at /posts/*/mood/of/the/fans/there"
    assert example.startswith("      pay-0  xxx")
    assert len(example) <= 80
    [*_, long] = lines([cause(FailureCode.EMPTY, 1, "x" * 99, "i" * 90)], BROKE)
    assert "xxx" in long


def test_without_texts_the_case_alone_is_named() -> None:
    [_, line] = lines([cause(FailureCode.EMPTY, 2, "")], BROKE)
    assert line == "    2 are empty  pay-0"


def test_other_causes_are_counted() -> None:
    found = [cause(code, 9) for code in [*FailureCode][:7]]
    assert [*lines(found, BROKE)][-1] == "    18 in 2 other ways"
    assert [*lines(found[:6], BROKE)][-1].startswith("    9 ")
    found[5] = cause(FailureCode.MISSING_KEY, 9, path="/amount")
    assert [*lines(found[:6], BROKE)][-1] == "    9 lost the key /amount"


def test_a_behavior_outside_of_the_composite_is_a_sentence() -> None:
    composite = BehaviorCauses("format_success_rate", (), (cause(FailureCode.EMPTY, 1),))
    other = BehaviorCauses("exact_fields", (cause(FailureCode.WRONG_VALUE, 3),), ())
    assert [*of_task([composite, other], "slip")] == [
        "  slip: exact_fields, 3 broke: all have a wrong value",
        "  slip: 1 still fails:",
        '    1 is empty  pay-0  {"a": 1}',
    ]


def test_nothing_of_a_model_is_obeyed() -> None:
    hostile = "\x1b[31m::error::x\n##[group]"
    found = cause(FailureCode.WRONG_VALUE, 1, hostile, path=f"/{hostile}")
    text = "".join(lines([found], BROKE))
    assert "\x1b" not in text
    assert "\n" not in text
    assert "::error" not in text
    assert "##[" not in text
