"""Reads a conversation in which the assistant calls tools and their results come back, in OpenAI's
form: calls in ``tool_calls``, each result a message of role ``tool`` behind them.

All functions raise ValueError with the mistake and what to write instead, without the place.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from harness.checks.tools.call import Wanted
from harness.core.case import Message, Role, ToolTurn
from harness.core.tools import TOOL_CALLS
from trainers.data.calls import call_of, turns_of
from trainers.data.conversation import message_of, messages_of, read_prompt, waiting

RESULT = "tool"
"""The role of a result."""
_CALL_ID = "tool_call_id"


def prompt_of(value: Any, name: str, tools: str) -> tuple[Message, ...] | str:
    """A prompt, as ``read_prompt`` reads it; with tools it may have calls and their results."""
    if not tools or isinstance(value, str):
        return read_prompt(value, name, has_tools=bool(tools))
    return waiting(tool_messages(value, name, tools), name)


def tool_messages(value: Any, name: str, tools: str) -> tuple[Message, ...]:
    """A list of messages; with tools it may have calls and their results.

    Ids that are missing are filled in: calls are numbered, results answer them in their order.
    """
    if not tools or not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return messages_of(value, name)
    reading = _Reading()
    turns = [reading.turn(turn, f"{name}[{index}]") for index, turn in enumerate(value)]
    reading.require_answered(name)
    return tuple(turns)


def calls_of(message: Message) -> tuple[Wanted, ...]:
    """The calls of an earlier turn."""
    found = json.loads(message.more) if isinstance(message, ToolTurn) else {}
    functions = [entry["function"] for entry in found.get(TOOL_CALLS, ())]
    return tuple(Wanted(function["name"], function["arguments"]) for function in functions)


class _Reading:
    """The turns so far: which calls wait for their results."""

    def __init__(self) -> None:
        self.calls = 0
        self.open: dict[str, str] = {}
        """The tool by the id of each call that has no result yet."""

    def turn(self, turn: Any, place: str) -> Message:
        role = turn.get("role") if isinstance(turn, Mapping) else None
        if role == RESULT:
            return self._result(turn, place)
        self.require_answered(place)
        if role == "assistant" and turn.get(TOOL_CALLS):
            return self._calling(turn, place)
        return message_of(turn, place)

    def require_answered(self, place: str) -> None:
        if self.open:
            raise ValueError(
                f"{place}: no result of {next(iter(self.open.values()))}: for each call a message "
                "of role tool follows (in ShareGPT's words an observation)"
            )

    def _calling(self, turn: Mapping[str, Any], place: str) -> ToolTurn:
        listed = turn[TOOL_CALLS]
        if not isinstance(listed, list):
            raise ValueError(f"{place}.{TOOL_CALLS} must be a list of calls, found {listed!r:.60}")
        calls = [call_of(entry, f"{place}.{TOOL_CALLS}[{i}]") for i, entry in enumerate(listed)]
        written = turns_of(calls, first=self.calls)
        for entry, own in zip(written, listed, strict=True):
            name = own.get("id")
            if name is not None and not (isinstance(name, str) and name):
                raise ValueError(f"{place}.{TOOL_CALLS}: an id must be text, found {name!r:.60}")
            entry["id"] = name or entry["id"]
            if entry["id"] in self.open:
                raise ValueError(f"{place}.{TOOL_CALLS}: two calls have the id {name!r:.60}")
            self.open[entry["id"]] = entry["function"]["name"]
        self.calls += len(calls)
        content = turn.get("content")
        text = message_of(
            {"role": "assistant", "content": "" if content is None else content}, place
        )
        return ToolTurn("assistant", text.content, json.dumps({TOOL_CALLS: written}))

    def _result(self, turn: Mapping[str, Any], place: str) -> ToolTurn:
        if not self.open:
            raise ValueError(
                f"{place}: a result of a tool, and no call waits for one: it stands behind the "
                "message with its call in tool_calls"
            )
        name = turn.get(_CALL_ID)
        name = next(iter(self.open)) if name is None else name
        if not isinstance(name, str) or name not in self.open:
            waiting_for = " and ".join(map(repr, self.open))
            raise ValueError(
                f"{place}.{_CALL_ID}: {name!r:.60} is no call that waits for a result, which is "
                f"{waiting_for:.120}"
            )
        more, called = {_CALL_ID: name}, self.open.pop(name)
        if (own := turn.get("name")) is not None:
            if own != called:
                raise ValueError(f"{place}.name: {own!r:.60} was not called, {called!r:.60} was")
            more["name"] = called
        # A result is text; it stands in the place of a user's turn.
        text = message_of({"role": "user", "content": turn.get("content")}, place)
        return ToolTurn(cast(Role, RESULT), text.content, json.dumps(more))
