"""A plan as the input of a batch API, and its output as answers: OpenAI's Batch JSONL, which
``vllm run-batch`` reads and writes.

A line's ``custom_id`` holds a hash of its body, so that answers to another plan are noticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.openai_answer import response_body
from harness.core.plan import Request, failed, sha256_of
from harness.core.record import ModelRecord
from harness.engine.local import GivenAnswers
from harness.engine.model import OnStep
from harness.engine.served.client import MAX_BYTES
from harness.engine.served.logprobs import FIELDS
from harness.engine.served.protocol import Protocol
from harness.files.strict_json import NotJson, decode

HASH_DIGITS = 16


def line_of(protocol: Protocol, request: Request) -> dict[str, Any]:
    """The line that asks for the answer to a request.

    Raises:
        HarnessError: a batch cannot prove that the server obeys what the request says.
        Exception: whatever the chat template raises.
    """
    _require_provable(protocol, request)
    body = protocol.body(request)
    del body["stream"]
    url = f"/v1/{protocol.path}"
    asked = {name: value for name, value in body.items() if name not in FIELDS}
    hashed = sha256_of([url, asked])[:HASH_DIGITS]
    custom_id = f"{hashed}/{request.key}"
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def _require_provable(protocol: Protocol, request: Request) -> None:
    if protocol.schema is not None:
        raise HarnessError("a batch cannot prove that a schema is in force, leave out +schema=")
    if protocol.api == "chat" and (request.template or protocol.template or request.tools):
        named = [*(name for name, _ in request.template), *(["tools"] if request.tools else [])]
        told = ", ".join(named) or "the template of +tokenizer="
        raise HarnessError(
            f"a batch cannot prove that the server obeys {told}: add +api=completions and "
            "+tokenizer=FOLDER, whose template is rendered here"
        )


@dataclass
class BatchAnswers(GivenAnswers):
    """An ``OpenModel`` whose answers are the lines of a file."""

    kind = "a file of answers has"
    instead = "name the model's own files"

    path: Path
    protocol: Protocol
    record: ModelRecord

    def describe(self) -> ModelRecord:
        return self.record

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        lines = _Lines({line_of(self.protocol, r)["custom_id"]: r for r in batch}, self.protocol)
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(iter(lambda: file.readline(MAX_BYTES), b""), 1):
                    lines.take(number, line)
        except OSError as error:
            raise HarnessError(f"{self.path}: cannot be read ({error.strerror})") from None
        return [lines.completion(custom_id) for custom_id in lines.wanted]


@dataclass
class _Lines:
    """The lines read so far, as completions of the wanted requests."""

    wanted: dict[str, Request]
    """By ``custom_id``."""
    protocol: Protocol
    found: dict[str, Completion] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Keys of requests that were answered in another plan."""
    unread: str = ""
    """The first line that cannot be read, with the reason."""

    def take(self, number: int, line: bytes) -> None:
        try:
            value = decode(line) if line.strip() else {}
        except NotJson as error:
            self.unread = self.unread or f"; line {number} is no JSON ({error})"
            return
        custom_id = value.get("custom_id") if isinstance(value, dict) else None
        if not isinstance(custom_id, str):
            return
        request = self.wanted.get(custom_id)
        if request is None:
            self.others.add(custom_id.partition("/")[2])
        elif custom_id in self.found:
            self.found[custom_id] = failed(request, "the file answers it twice")
        else:
            self.found[custom_id] = self._completion(request, value)

    def completion(self, custom_id: str) -> Completion:
        request = self.wanted[custom_id]
        if custom_id in self.found:
            return self.found[custom_id]
        if request.key in self.others:
            return failed(
                request, "the file answers another prompt, model or decoding under its id"
            )
        return failed(request, f"the file has no answer to it{self.unread}")

    def _completion(self, request: Request, line: dict[str, Any]) -> Completion:
        try:
            return self.protocol.completion(request, response_body(line))
        except HarnessError as error:
            return failed(request, one_line(error))
