"""A Verdict: a check's result on one completion, with the failure codes."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.grade import Grade


class Outcome(StrEnum):
    """``failed``: the model's fault; ``error``: the harness's or the task's; ``skipped``:
    nobody's."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


JUDGED = (Outcome.PASSED, Outcome.FAILED)


class FailureCode(StrEnum):
    """Codes by which verdicts, reports and comparisons count failures."""

    EMPTY = "empty"
    NO_JSON = "no_json"
    NO_YAML = "no_yaml"
    NO_CSV = "no_csv"
    NO_CALL = "no_call"
    UNWANTED_CALL = "unwanted_call"
    CALL_COUNT = "call_count"
    CALL_FORM = "call_form"
    UNKNOWN_TOOL = "unknown_tool"
    TEXT_BEFORE = "text_before"
    TEXT_AFTER = "text_after"
    MARKDOWN_FENCE = "markdown_fence"
    FENCE_MISSING = "fence_missing"
    FENCE_UNCLOSED = "fence_unclosed"
    FENCE_LANGUAGE = "fence_language"
    THINK_BLOCK = "think_block"
    SPECIAL_TOKEN = "special_token"
    SECOND_DOCUMENT = "second_document"
    TRUNCATED = "truncated"
    SYNTAX = "syntax"
    NAN = "nan"
    UNCLOSED = "unclosed"
    BRACKET_LOOP = "bracket_loop"
    TEXT_LOOP = "text_loop"
    DUPLICATE_KEY = "duplicate_key"
    YAML_ANCHOR = "yaml_anchor"
    YAML_FLOW = "yaml_flow"
    BLANK_LINE = "blank_line"
    CELL_COUNT = "cell_count"
    MISSING_KEY = "missing_key"
    UNEXPECTED_KEY = "unexpected_key"
    WRONG_TYPE = "wrong_type"
    NUMBER_AS_STRING = "number_as_string"
    NOT_IN_ENUM = "not_in_enum"
    SCHEMA_OTHER = "schema_other"
    BAD_DATE = "bad_date"
    BAD_CLOCK = "bad_clock"
    UNGROUNDED = "ungrounded"
    WRONG_VALUE = "wrong_value"
    TOO_SLOW = "too_slow"
    TOO_BIG = "too_big"
    OTHER_TOKENS = "other_tokens"
    OTHER_LOGITS = "other_logits"
    BACKEND_ERROR = "backend_error"
    TASK_ERROR = "task_error"
    """The task is broken (a pattern that cannot be run in time): an error, not a failure."""
    ASSERTION = "assertion"
    """A bare ``assert`` of a user's own behavior."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check on one completion."""

    outcome: Outcome
    code: FailureCode | None = None
    """Set exactly when the outcome is ``failed`` or ``error``."""
    reason: str = ""
    """One line for the user: expected and found."""
    span: tuple[int, int] | None = None
    """Span of the fault in the raw text: character offsets, end exclusive, ``0 <= start <= end <=
    len``."""
    nearest: str | None = None
    """For an ungrounded value, the prompt's most similar text, in normal form."""
    path: str | None = None
    """JSON pointer of the value that is wrong, or of the key that is missing; ``None`` where it is
    the whole value, is no part of a JSON value, or is long."""
    grade: Grade | None = None
    """How much of the reference the answer has, of a behavior that measures it."""

    @property
    def share(self) -> float:
        """The share of the grade; without one 1 where it passed, else 0."""
        return self.grade.share if self.grade else float(self.outcome is Outcome.PASSED)

    def graded(self, grade: Grade) -> "Verdict":
        """The same verdict with a grade."""
        return replace(self, grade=grade)

    @classmethod
    def passed(cls) -> "Verdict":
        """A shared value, since most verdicts of a run are equal to it."""
        return _PASSED

    @classmethod
    def failed(
        cls,
        code: FailureCode,
        reason: str,
        span: tuple[int, int] | None = None,
        nearest: str | None = None,
        path: str | None = None,
    ) -> "Verdict":
        return cls(Outcome.FAILED, code, reason, span, nearest, path)

    @classmethod
    def skipped(cls, reason: str) -> "Verdict":
        return cls(Outcome.SKIPPED, None, reason)

    @classmethod
    def error(cls, code: FailureCode, reason: str) -> "Verdict":
        return cls(Outcome.ERROR, code, reason)


_PASSED = Verdict(Outcome.PASSED)


class Check(Protocol):
    """A reusable check that behaviors call: a frozen value whose fields are its settings."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        """Judge one completion; the verdict does not depend on other completions."""
        ...
