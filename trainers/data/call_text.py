"""Writes the calls of a row as the base's chat template does, and proves that they are read again.

All functions raise ValueError with the mistake and what to do, without the place.
"""

from collections.abc import Sequence
from typing import Any

from harness.checks.tools.call import Wanted
from harness.core.case import Case, Message
from harness.core.completion import Completion
from harness.core.tool_form import ToolForm
from harness.core.verdict import Check, FailureCode, Outcome, Verdict
from harness.engine.prompt import Arguments, render, render_answered, tool_form
from trainers.data.calls import reference_of, turns_of
from trainers.data.tool_turns import calls_of

_PROBE = "answer-0"


def after_answer(tokenizer: Any, arguments: Arguments = (), tools: str = "") -> str:
    """The text that the chat template writes after an answer."""
    turn = (Message("user", "question"), Message("assistant", _PROBE))
    text = render(tokenizer, turn, arguments, adds_generation_prompt=False, tools=tools)
    return text.rpartition(_PROBE)[2]


def call_text(
    tokenizer: Any,
    prompt: str,
    messages: Sequence[Message],
    content: str,
    calls: Sequence[Wanted],
    *,
    tools: str,
    arguments: Arguments = (),
) -> str:
    """The text between a prompt and the end of its answer, in the form of the chat template.

    Args:
        prompt: the messages as they are rendered with the tools.
        content: text beside the calls.
        tools: JSON text.

    Raises:
        ValueError: the template writes something else than the prompt and these calls.
        jinja2.TemplateError: it refuses the answer.
    """
    earlier = sum(len(calls_of(message)) for message in messages)
    written = turns_of(calls, first=earlier)
    answer = {"role": "assistant", "content": content, "tool_calls": written}
    whole = render_answered(tokenizer, messages, answer, arguments, tools=tools)
    if not whole.startswith(prompt):
        raise ValueError(
            "the base's chat template writes the prompt otherwise once it is answered by calls, so "
            "a model would be trained on another prompt than it is asked: correct the template"
        )
    end = after_answer(tokenizer, arguments, tools)
    if not whole.endswith(end) or len(whole) < len(prompt) + len(end):
        raise ValueError(
            f"the base's chat template ends calls otherwise than an answer of words, which it ends "
            f"with {end!r:.60}: correct the template"
        )
    text = whole[len(prompt) : len(whole) - len(end)]
    _require_read(text, content, calls, tools, tool_form(tokenizer))
    return text


def require_own_form(tokenizer: Any, text: str, tools: str) -> None:
    """Refuse an answer whose text holds calls that the base's form does not have."""
    from harness.checks.text.wrappers import KNOWN_WRAPPERS
    from harness.checks.tools.reading import read_calls

    form = tool_form(tokenizer)
    if form is None or not names_tool(text, tools):
        return
    if fault := read_calls(text, form, KNOWN_WRAPPERS).fault:
        raise ValueError(
            f"the answer holds a call that is none to the base, whose chat template writes {form}: "
            f"{fault.reason}; write it as tool_calls of the message"
        )


def names_tool(text: str, tools: str) -> bool:
    """True for a text that no plain answer may be: it holds a call of a tool, or begins one."""
    from harness.checks.tool_call import ToolCall
    from harness.checks.tools.rule import CallRule
    from harness.checks.tools.tool import toolset_of

    plain = ToolCall(CallRule(calls="none"), toolset_of(tools))
    return plain.judge(Case("", ()), Completion(text)).outcome is not Outcome.PASSED


def _require_read(
    text: str, content: str, calls: Sequence[Wanted], tools: str, form: ToolForm | None
) -> None:
    """The suites' own checks read the calls, and nothing beside them but the content."""
    from harness.checks.exact_calls import ExactCalls
    from harness.checks.tool_call import ToolCall
    from harness.checks.tools.rule import CallRule
    from harness.checks.tools.tool import toolset_of

    if form is None:
        raise ValueError("the form in which the base's chat template writes calls is not known")
    rule = CallRule(form, commentary=bool(content))
    case = Case("", (), reference=reference_of(calls))
    checks: dict[str, Check] = {
        "tool_call": ToolCall(rule, toolset_of(tools)),
        "exact_calls": ExactCalls(rule, "fixed"),
    }
    for name, check in checks.items():
        verdict = check.judge(case, Completion(text, tool_form=form))
        if verdict.outcome is not Outcome.PASSED:
            raise ValueError(
                f"the base's chat template writes the calls as {text!r:.200}, which fails {name}: "
                f"{verdict.reason}{_advice(verdict)}"
            )
    if "".join(content.split()) not in "".join(text.split()):
        raise ValueError(
            "the base's chat template leaves out the text beside the calls: take it out of content"
        )


def _advice(verdict: Verdict) -> str:
    is_reasoning = verdict.code is FailureCode.THINK_BLOCK
    if is_reasoning:
        return "; write template: {enable_thinking: false}, if it reads that"
    return "; correct the template, or leave the row out"
