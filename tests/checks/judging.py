"""What the tests of single checks share: a case, a line, and a verdict in one word."""

import json
from collections.abc import Mapping

from harness.core.case import Case, JsonValue, Message
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import Check, Verdict
from harness.tasks.judging_line import JudgingLine


def case(
    prompt: str = "",
    reference: JsonValue = None,
    variables: Mapping[str, JsonValue] | None = None,
) -> Case:
    return Case("c1", (Message("user", prompt),), reference=reference, variables=variables or {})


def line(**keys: JsonValue) -> JudgingLine:
    """A line of ``harness judge`` with these keys."""
    return JudgingLine.parse(json.dumps(keys).encode())


def judge(check: Check, text: str, case_: Case | None = None, finish: str = "stop") -> Verdict:
    return check.judge(case_ or case(), Completion(text, FinishReason(finish)))


def word(check: Check, text: str, case_: Case | None = None, finish: str = "stop") -> str:
    """The failure code, or the outcome where there is none."""
    verdict = judge(check, text, case_, finish)
    return verdict.code.value if verdict.code else verdict.outcome.value


def pointed(verdict: Verdict, text: str) -> str:
    """The text that the verdict points at."""
    assert verdict.span is not None
    return text[verdict.span[0] : verdict.span[1]]
