"""Probes a chat template with tools: it may write them or leave them out, and it has a form for
calls."""

import re
from functools import lru_cache
from typing import Any

from harness.core.case import Message
from harness.core.tool_form import ToolForm
from harness.core.tools import tools_text
from harness.model_files.chat_template import ChatTemplate

TOOL_TEMPLATE = "tool_use"
"""Name of the template that transformers takes for prompts with tools, of a model's several."""
_CALLED, _TOLD = "called_by_probe", "told_by_probe"
_RESULT = "result_by_probe"
_CALL_ID = "callprobe"
"""Of nine letters, as Mistral's templates want it."""
_QUESTION = "What is asked?"
_CALL = {"name": _CALLED, "arguments": {"key": "value"}}
_TOOL = {
    "type": "function",
    "function": {
        "name": _TOLD,
        "description": "A probe.",
        "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
    },
}
_MARK_CHARACTERS = 80
"""Characters before a call's name in which its mark stands."""
_PYTHONIC = re.compile(r"\[[A-Za-z_]\w*\([A-Za-z_]\w*=")
_WITH_PARAMETERS = re.compile(r"""["']name\\?["'].{0,200}["']parameters\\?["']\s*:""", re.DOTALL)


def writes_tools(template: ChatTemplate) -> bool:
    """True if a prompt with tools is another than one without.

    Raises:
        Exception: whatever the template raises.
    """
    asked = [Message("user", _QUESTION)]
    return template.render(asked, tools=tools_text([_TOOL])) != template.render(asked)


def writes_results(template: ChatTemplate) -> bool:
    """True if a prompt has the call of an earlier turn, and its result.

    Raises:
        Exception: whatever the template raises.
    """
    call = {"id": _CALL_ID, "type": "function", "function": _CALL}
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": _QUESTION},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": _RESULT, "tool_call_id": _CALL_ID},
    ]
    text = template.render_turns(turns, [_TOOL], adds_generation_prompt=True)
    return 0 <= text.find(_CALLED) < text.find(_RESULT)


def tool_form_of(template: ChatTemplate) -> ToolForm | None:
    """The form in which a template writes the calls of an answer; ``None`` where it is none of
    those known, or not said."""
    return _form_of(template.source, tuple(sorted(template.special_tokens.items())))


@lru_cache(maxsize=32)
def _form_of(source: str, special: tuple[tuple[str, str], ...]) -> ToolForm | None:
    written = _turn_with_call(ChatTemplate(source, dict(special)))
    return _in_source(source) if written is None else _in_turn(written)


def _turn_with_call(template: ChatTemplate) -> str | None:
    """The conversation whose answer is a call, from a little before the call on; ``None`` where the
    template cannot write it, or leaves it out."""
    call = {"id": _CALL_ID, "type": "function", "function": _CALL}
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": _QUESTION},
        {"role": "assistant", "content": "", "tool_calls": [call]},
    ]
    try:
        text = template.render_turns(turns, [_TOOL], adds_generation_prompt=False)
    except Exception:  # whatever a stranger's program raises: its text may still say
        return None
    at = text.find(_CALLED)
    return text[max(0, at - _MARK_CHARACTERS) :] if at >= 0 else None


def _in_turn(text: str) -> ToolForm | None:
    before, _, after = text.partition(_CALLED)
    if "[TOOL_CALLS]" in before:
        return "mistral"
    if before.endswith("[") or (after.startswith("(") and "[" in before):
        return "pythonic"
    if re.search(r"<tool_call>\s*\{", before):
        return "hermes"
    is_bare = "<tool_call>" not in before and before.rstrip().endswith('"')
    return "llama" if is_bare and '"parameters"' in after[:20] else None


def _in_source(source: str) -> ToolForm | None:
    if "[TOOL_CALLS]" in source:
        return "mistral"
    if "<function=" in source:
        return None
    if "<tool_call>" in source:
        return "hermes"
    if _PYTHONIC.search(source):
        return "pythonic"
    return "llama" if _WITH_PARAMETERS.search(source) else None
