"""Preferences: prompt, chosen and rejected as text or messages, or two conversations that begin
alike, ``chosen`` and ``rejected``, and differ in the last answer. An answer that the harness
recorded has its ``rejected_ids``. With ``tools``, calls are text as the model writes them.
"""

from collections.abc import Mapping
from typing import Any

from harness.core.case import Message
from trainers.data.calls import tools_in
from trainers.data.conversation import answered, messages_of, read_answer
from trainers.data.pairs import PreferenceRow
from trainers.data.shape import Shape
from trainers.data.tool_turns import prompt_of


def read(value: Mapping[str, Any], where: str) -> PreferenceRow:
    tools = tools_in(value)
    prompt, chosen, rejected = _parts(value, tools)
    if chosen == rejected:
        raise ValueError("chosen and rejected are the same text, so no answer is preferred")
    return PreferenceRow(
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        where=where,
        rejected_ids=_ids(value.get("rejected_ids")),
        is_cut=_is_cut(value.get("is_cut")),
        tools=tools,
    )


def _parts(value: Mapping[str, Any], tools: str) -> tuple[tuple[Message, ...] | str, str, str]:
    chosen, rejected = value["chosen"], value["rejected"]
    if isinstance(chosen, list) and isinstance(rejected, list) and len(chosen) > 1:
        prompt, better = answered(messages_of(chosen, "chosen"), "chosen")
        other, worse = answered(messages_of(rejected, "rejected"), "rejected")
        if prompt != other:
            raise ValueError("chosen and rejected differ before the last answer")
        return prompt, better, worse
    if "prompt" not in value:
        keys = ", ".join(sorted(value))
        raise ValueError(
            f"needs prompt, chosen and rejected, has no prompt; found the keys: {keys}"
        )
    answers = read_answer(chosen, "chosen"), read_answer(rejected, "rejected")
    return prompt_of(value["prompt"], "prompt", tools), *answers


def _ids(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    is_list = isinstance(value, list) and value
    if not is_list or any(type(i) is not int or i < 0 for i in value):
        raise ValueError(f"rejected_ids must be a list of token ids, found {value!r:.60}")
    return tuple(value)


def _is_cut(value: Any) -> bool:
    if not isinstance(value, bool | None):
        raise ValueError(f"is_cut must be true or false, found {value!r:.60}")
    return bool(value)


SHAPE = Shape(
    "preferences", "preferences", frozenset({"chosen", "rejected"}), read, reads_tools=True
)
