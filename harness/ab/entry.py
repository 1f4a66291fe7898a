"""One line of an A/B log: a request that an arm was asked, and how it was answered.

A line says everything about itself (experiment, split, weights, required behaviors), so that files
may be cut, joined and sorted. With texts it has the keys of a line of ``samples.jsonl`` too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, get_args

from harness.ab.experiment import Arm
from harness.core.case import Message, Role
from harness.core.composite import composite
from harness.core.errors import HarnessError
from harness.core.verdict import FailureCode, Outcome, Verdict

FORMAT = "harness.ab/1"
"""The first member of every line."""
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_CODES = {code.value: code for code in FailureCode}
ANSWERED = (200, 422)
"""Statuses of responses with an answer."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request of an experiment."""

    time: str
    """When it came: UTC, RFC 3339, with milliseconds."""
    id: str
    """The response's ``X-Request-ID``."""
    experiment: str
    split: float
    """Percent of the keys that the candidate answers, at that time."""
    arm: Arm
    model: str
    """The arm's ref."""
    weights: str | None
    """SHA-256 of the weights, as records have it; ``None`` where they are not known."""
    identity: str
    """Hash of everything else about the opened model that its answers depend on."""
    key: str | None
    """Hash of the sticky key; ``None`` where the arm was drawn for this request alone."""
    status: int
    """Of HTTP; 0 where no response was sent."""
    seconds: float
    """From the request's arrival to the end of its response."""
    task: str = ""
    """Empty for OpenAI's routes, whose answers are not judged."""
    task_sha256: str = ""
    """Hash of the task's prompt, schema, decoding and required behaviors."""
    required: tuple[str, ...] = ()
    policy: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str | None = None
    """``None`` without a completion."""
    attempts: int = 1
    is_repaired: bool = False
    error: str = ""
    """Why there is no answer."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """On what the client got: after repair, of the last try."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Lines of each arm before this one that could not be written."""
    messages: tuple[Message, ...] | None = None
    """Of the prompt; ``None`` in a log without texts."""
    text: str | None = None
    """The model's own text; ``None`` in a log without texts."""

    @property
    def is_owed(self) -> bool:
        """There is no answer: the arm failed, was late, refused the prompt or had a full queue, or
        the client left before the answer."""
        return self.finish_reason is None or self.status not in ANSWERED

    def outcome(self) -> Outcome:
        """The outcome of all required behaviors; an error where it is not judged."""
        return Outcome.ERROR if self.is_owed else outcome_in(self.verdicts, self.required)

    def to_json(self) -> dict[str, Any]:
        """The line's members; what is empty is left out."""
        has_text = self.text is not None
        more = {
            "required": list(self.required),
            "policy": self.policy,
            "task_sha256": self.task_sha256,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "finish_reason": self.finish_reason,
            "is_repaired": self.is_repaired,
            "error": self.error,
            "lost": dict(self.lost),
            "verdicts": {n: _verdict(v, has_reason=has_text) for n, v in self.verdicts.items()},
        }
        return {
            "format": FORMAT,
            "time": self.time,
            "id": self.id,
            "experiment": self.experiment,
            "split": self.split,
            "arm": self.arm,
            "model": self.model,
            "weights": self.weights,
            "identity": self.identity,
            "key": self.key,
            "status": self.status,
            "seconds": self.seconds,
            "task": self.task,
            "attempts": self.attempts,
            **{name: value for name, value in more.items() if value},
            **(self._texts() if has_text else {}),
        }

    def _texts(self) -> dict[str, Any]:
        completion = {"text": self.text, "finish_reason": self.finish_reason or "error"}
        messages = [{"role": m.role, "content": m.content} for m in self.messages or ()]
        texts = {"case_id": self.id, "messages": messages, "completion": completion}
        return texts if self.verdicts else {**texts, "verdicts": {}}

    @classmethod
    def parse(cls, raw: bytes) -> "LogEntry":
        """Read one line.

        Raises:
            HarnessError: it is no line of an A/B log.
        """
        try:
            value = json.loads(raw, parse_constant=_no_number)
            if value.get("format") != FORMAT:
                raise HarnessError(f"its format is {value.get('format')!r:.40}, not {FORMAT}")
            return _read(value)
        except HarnessError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise HarnessError("is no line of an A/B log") from None


def outcome_in(
    verdicts: Mapping[str, Verdict], required: tuple[str, ...], behavior: str | None = None
) -> Outcome:
    """The outcome of one behavior, or of all ``required`` ones where none is named; an error where
    it is not judged."""
    found = composite(verdicts, required) if behavior is None else verdicts.get(behavior)
    return Outcome.ERROR if found is None else found.outcome


def is_log_line(raw: bytes) -> bool:
    """True for the beginning of an A/B log."""
    return raw.startswith(b'{"format": "harness.ab/')


def _verdict(verdict: Verdict, *, has_reason: bool) -> dict[str, Any]:
    """Outcome and code; the reason, which may quote the answer, in a log with texts alone."""
    found: dict[str, Any] = {"outcome": verdict.outcome.value}
    if verdict.code:
        found["code"] = verdict.code.value
    if has_reason and verdict.reason:
        found["reason"] = verdict.reason
    if has_reason and verdict.span:
        found["span"] = list(verdict.span)
    if has_reason and verdict.path:
        found["path"] = verdict.path
    return found


def _read(value: Mapping[str, Any]) -> LogEntry:
    """Raises what ``LogEntry.parse`` catches."""
    if value["arm"] not in get_args(Arm):
        raise ValueError(value["arm"])
    if not 0 < (split := float(value["split"])) < 100:
        raise ValueError(split)
    completion = value.get("completion")
    return LogEntry(
        time=_time(value["time"]),
        id=_text(value["id"]),
        experiment=_text(value["experiment"]),
        split=split,
        arm=value["arm"],
        model=_text(value["model"]),
        weights=_optional(value["weights"]),
        identity=_text(value["identity"]),
        key=_optional(value["key"]),
        status=int(value["status"]),
        seconds=float(value["seconds"]),
        task=_text(value.get("task", "")),
        task_sha256=_text(value.get("task_sha256", "")),
        required=tuple(map(_text, value.get("required", ()))),
        policy=_text(value.get("policy", "")),
        prompt_tokens=int(value.get("prompt_tokens", 0)),
        completion_tokens=int(value.get("completion_tokens", 0)),
        finish_reason=_optional(value.get("finish_reason")),
        attempts=int(value["attempts"]),
        is_repaired=bool(value.get("is_repaired", False)),
        error=_text(value.get("error", "")),
        verdicts={_text(n): _verdict_of(v) for n, v in value.get("verdicts", {}).items()},
        lost={_text(arm): int(n) for arm, n in value.get("lost", {}).items()},
        messages=tuple(map(_message, value["messages"])) if completion else None,
        text=_text(completion["text"]) if completion else None,
    )


def _message(value: Mapping[str, Any]) -> Message:
    if value["role"] not in get_args(Role):
        raise ValueError(value["role"])
    return Message(value["role"], _text(value["content"]))


def _verdict_of(value: Mapping[str, Any]) -> Verdict:
    code, span = value.get("code"), value.get("span")
    if not span and "reason" not in value:
        return _plain_verdict(value["outcome"], code)
    return Verdict(
        _OUTCOMES[value["outcome"]],
        _CODES[code] if code else None,
        _text(value.get("reason", "")),
        (int(span[0]), int(span[1])) if span else None,
        path=_optional(value.get("path")),
    )


@lru_cache(maxsize=256)
def _plain_verdict(outcome: str, code: str | None) -> Verdict:
    """Shared, since a log has millions."""
    return Verdict(_OUTCOMES[outcome], _CODES[code] if code else None)


def _no_number(name: str) -> None:
    raise ValueError(name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _time(value: Any) -> str:
    if datetime.fromisoformat(_text(value)).tzinfo is None:
        raise ValueError(value)
    return _text(value)


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)
