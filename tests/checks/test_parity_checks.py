"""The checks that hold one model beside another, on made-up evidence."""

from dataclasses import dataclass

from harness.checks.same_first_token import SameFirstToken
from harness.checks.same_tokens import SameTokens
from harness.core.verdict import FailureCode, Outcome


@dataclass
class Read:
    differences: tuple[str, ...] = ()
    mismatched: int = 0
    before: str = "merged:m"


@dataclass
class Begun:
    first_token_rate: float | None
    is_copy: bool = True
    before: str = "merged:m"


def test_prompts_of_the_same_tokens_pass():
    assert SameTokens().judge(Read()).outcome is Outcome.PASSED


def test_the_first_other_prompt_is_named_and_the_rest_counted():
    verdict = SameTokens().judge(Read(("a: other tokens", "b: other tokens"), 2))
    assert verdict.code is FailureCode.OTHER_TOKENS
    assert verdict.reason == "beside merged:m: a: other tokens (of 2 prompts that differ)"


def test_a_lost_end_alone_fails():
    verdict = SameTokens().judge(Read(("end of answer: 2 before, 3 after",)))
    assert verdict.reason == "beside merged:m: end of answer: 2 before, 3 after"


def test_a_copy_begins_alike_or_fails():
    check = SameFirstToken()
    assert check.judge(Begun(0.95)).outcome is Outcome.PASSED
    verdict = check.judge(Begun(0.94))
    assert verdict.code is FailureCode.OTHER_LOGITS
    assert verdict.reason == (
        "begins as merged:m after 94.0% of the prompts, at least 95.0% is asked"
    )


def test_what_was_trained_further_or_never_read_is_skipped():
    check = SameFirstToken()
    assert check.judge(Begun(0.1, is_copy=False)).outcome is Outcome.SKIPPED
    assert check.judge(Begun(None)).outcome is Outcome.SKIPPED
