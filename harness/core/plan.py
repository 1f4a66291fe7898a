"""Requests: one case, one decoding, one repeat each, with the seed and the hashes that follow."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.core.case import Case, Message
from harness.core.completion import Completion, FinishReason
from harness.core.grammar import Grammar, grammar_for
from harness.core.template_arguments import Scalar
from harness.core.tools import tools_for
from harness.core.values import fields_of

NO_ARGUMENTS: Mapping[str, Scalar] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sampling:
    """Decoding parameters. The defaults are greedy decoding."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    """0: greedy decoding; above 0: sampling."""
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps every token."""
    repetition_penalty: float = 1.0
    seed: int = 0
    """Together with case id and repeat it seeds each request by itself, so that a sampled
    completion does not depend on its batch."""

    def limited(self, max_new_tokens: int | None) -> "Sampling":
        """The decoding with a case's own limit, where that has one."""
        if max_new_tokens is None:
            return self
        return replace(self, max_new_tokens=max_new_tokens)


@dataclass(frozen=True, slots=True)
class Request:
    """One Case x one Sampling x one repeat."""

    task: str
    case_id: str
    messages: tuple[Message, ...]
    sampling: Sampling
    repeat: int = 0
    timed: bool = False
    """The request is generated alone, after a warm-up, and timed; its text is not judged."""
    template: tuple[tuple[str, Scalar], ...] = ()
    """Arguments of the chat template, sorted by name."""
    again: bool = False
    """The request was answered before, and is generated anew: its answer enters no rate."""
    streamed: bool = False
    """The answer's text is reported as it grows, by a backend that can (``Stepped.texts``)."""
    is_rendered: bool = False
    """The one message is the prompt's text, which no chat template renders."""
    grammar: Grammar | None = None
    """The grammar that the answer is constrained to; ``None``: free decoding."""
    stop: tuple[str, ...] = ()
    """Texts at which the answer ends, before the first of them."""
    has_logprobs: bool = False
    """The answer comes with its tokens' log-probabilities, which change no token."""
    tools: str = ""
    """The tools that the chat template is given, as JSON text; empty for none."""

    @property
    def key(self) -> str:
        """Identifies the request within its plan."""
        return self._asked + ("/again" if self.again else "")

    @property
    def seed(self) -> int:
        """The request's own 63-bit seed, also when it is asked again: SHA-256 of the run's seed and
        the request's key."""
        digest = hashlib.sha256(f"{self.sampling.seed}/{self._asked}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    @property
    def _asked(self) -> str:
        return f"{self.task}/{self.case_id}/{self.repeat}" + ("/timed" if self.timed else "")

    @property
    def prompt_sha256(self) -> str:
        """Hash of the conversation and of what the chat template is told beside it; two runs are
        paired where it is equal."""
        if self.is_rendered:
            return sha256_of({"rendered": self.messages[0].content})
        if not self.template and not self.tools:
            return sha256_of(self.messages)
        told = {"tools": self.tools} if self.tools else {}
        return sha256_of({"messages": self.messages, "template": dict(self.template), **told})


def fingerprint_of(requests: Iterable[Request]) -> str:
    """Hash over cases, prompts and decoding: runs with an equal one may be compared."""
    return sha256_of(
        [
            [r.key, r.prompt_sha256, r.sampling, *([r.grammar.identity] if r.grammar else [])]
            for r in sorted(requests, key=lambda r: r.key)
            if not r.timed
        ]
    )


def requests_for(
    task: str,
    cases: Iterable[Case],
    sampling: Sampling,
    *,
    template: Mapping[str, Scalar] = NO_ARGUMENTS,
    repeats: int = 1,
    timed: bool = False,
    grammar: Grammar | None = None,
    has_logprobs: bool = False,
    tools: str = "",
) -> tuple[Request, ...]:
    """One request for each case, or ``repeats`` of them, each with its own seed.

    ``template`` holds the arguments of the chat template. Answers are constrained to ``grammar``,
    where there is one, and those of a case with a schema of its own to that. ``tools`` are those
    of a case that has none of its own.
    Timed requests have no log-probabilities, which take time.
    """
    arguments = tuple(sorted(template.items()))
    return tuple(
        Request(
            task,
            case.id,
            case.messages,
            sampling.limited(case.max_new_tokens),
            repeat,
            timed,
            arguments,
            grammar=grammar_for(grammar, case.declared),
            has_logprobs=has_logprobs and not timed,
            tools=tools_for(tools, case.declared),
        )
        for case in cases
        for repeat in range(repeats)
    )


def failed(request: Request, reason: str) -> Completion:
    """The completion of a request without an answer; ``reason`` is one line."""
    return Completion(
        text="",
        finish_reason=FinishReason.ERROR,
        case_id=request.case_id,
        repeat=request.repeat,
        error=reason,
    )


def sha256_of(value: object) -> str:
    """SHA-256 of a JSON value in canonical form: sorted keys, no blanks, ASCII.

    A dataclass in it is the object of its fields.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=fields_of)
    return hashlib.sha256(text.encode()).hexdigest()
