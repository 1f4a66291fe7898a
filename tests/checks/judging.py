"""What the tests of single checks share: a case, and a verdict in one word."""

from collections.abc import Mapping

from harness.core.case import Case, JsonValue, Message
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import Check, Verdict


def case(
    prompt: str = "",
    reference: JsonValue = None,
    variables: Mapping[str, JsonValue] | None = None,
) -> Case:
    return Case("c1", (Message("user", prompt),), reference=reference, variables=variables or {})


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
