"""Proves what a server claims, since some answer 200 to what they ignore: the name of its model, a
JSON schema, arguments of the chat template, and the template itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.core.case import JsonValue, Message
from harness.core.errors import HarnessError, one_line
from harness.core.plan import Request, Sampling
from harness.core.printable import excerpt
from harness.core.suggestion import did_you_mean
from harness.core.template_arguments import Scalar
from harness.engine.prompt import Arguments
from harness.engine.served.asking import Asking
from harness.engine.served.client import BadRequest, NotOffered, Server
from harness.engine.served.logprobs import FIELDS
from harness.engine.served.retries import GivenUp
from harness.model_files.chat_template import ChatTemplate

CONVERSATION = (
    Message("user", "Name a color."),
    Message("assistant", "Blue."),
    Message("user", "And another one."),
)
"""Without a system message, which some templates refuse."""
MARK = "kestrel-4711"
"""A word that no model says unasked."""
MARK_SCHEMA: JsonValue = {
    "type": "object",
    "properties": {"mark": {"type": "string", "enum": [MARK]}},
    "required": ["mark"],
    "additionalProperties": False,
}


def served_name(server: Server, name: str | None) -> str:
    """The name of the model on the server: the given one, or that of the only model.

    Raises:
        HarnessError: the server has no such model, or has several and none was named.
    """
    try:
        listed = _listed(server.get("models"))
    except NotOffered:
        listed = []
    if name is None:
        if len(listed) != 1:
            there = ", ".join(listed) or "no list of models"
            raise HarnessError(f"{server.url}: add the model's name after #, it has {there}")
        return listed[0]
    # Ollama lists a name with its tag, and takes it without.
    if listed and name not in listed and f"{name}:latest" not in listed:
        hint = did_you_mean(name, listed, f"there are: {', '.join(listed)}")
        raise HarnessError(f"{server.url}: has no model {name!r}, {hint}")
    return name


def _listed(answer: Mapping[str, Any]) -> list[str]:
    data = answer.get("data")
    entries = data if isinstance(data, list) else []
    ids = [e.get("id") for e in entries if isinstance(e, Mapping)]
    return [excerpt(i, 200) for i in ids[:50] if isinstance(i, str) and i]


def prove_schema(server: Server, asking: Asking) -> None:
    """Prove that the server holds answers to a JSON schema, by one that free text cannot fit.

    Raises:
        HarnessError: it does not.
    """
    probe = replace(asking, protocol=replace(asking.protocol, schema=MARK_SCHEMA))
    request = _request((Message("user", "Write a sentence about the sea."),), 64)
    try:
        text = probe.completion(server, request).text
    except (BadRequest, GivenUp) as error:  # llama-cpp-python's server calls both 500.
        raise HarnessError(f"{error}: it takes no schema so, try another +schema_by=") from None
    try:
        is_held = json.loads(text) == {"mark": MARK}
    except (ValueError, RecursionError):
        is_held = False
    if not is_held:
        raise HarnessError(
            f"{server.url}: takes a schema in {probe.protocol.schema_by} and does not hold "
            f"answers to it: it answered {excerpt(text)!r}; try another +schema_by=, or leave "
            "out +schema="
        )


def prove_argument(server: Server, asking: Asking, argument: tuple[str, Scalar]) -> None:
    """Prove that the server gives its template an argument: with another value, the prompt has
    another number of tokens.

    Raises:
        HarnessError: it has not, or the server does not count them.
    """
    name, value = argument
    counts = []
    for given in (value, _another(value)):
        request = _request(CONVERSATION, 1, ((name, given),))
        usage = asking.answer(server, request).get("usage")
        counts.append(usage.get("prompt_tokens") if isinstance(usage, Mapping) else None)
    if None in counts or counts[0] == counts[1]:
        raise HarnessError(
            f"{server.url}: ignores the template argument {name}, its prompts are the same with "
            "another value: serve the model with a template that reads it, or leave it out"
        )


def prove_tools(server: Server, asking: Asking, tools: str) -> None:
    """Prove that the server tells the model of tools: with them, the prompt has more tokens.

    Raises:
        HarnessError: it does not, takes no tools, or does not count tokens.
    """
    counts = []
    for given in (tools, ""):
        request = replace(_request(CONVERSATION, 1), tools=given)
        try:
            usage = asking.answer(server, request).get("usage")
        except BadRequest as error:
            raise HarnessError(
                f"{error}: start the server with a parser of calls (vLLM: "
                "--enable-auto-tool-choice --tool-call-parser, llama-server: --jinja)"
            ) from None
        counts.append(usage.get("prompt_tokens") if isinstance(usage, Mapping) else None)
    if None in counts or counts[0] == counts[1]:
        raise HarnessError(
            f"{server.url}: ignores tools, its prompts are the same without: serve the model with "
            "a chat template that writes them"
        )


def note_logprobs(server: Server, asking: Asking) -> None:
    """Ask for one token with its log-probability; a server that gives none is asked without from
    then on."""
    request = replace(_request((Message("user", "Name a color."),), 1), has_logprobs=True)
    try:
        is_given = asking.completion(server, request).logprobs is not None
    except (BadRequest, GivenUp):  # llama-cpp-python's server fails where it keeps no logits.
        is_given = False
    if not is_given:
        server.undefined |= FIELDS


def _another(value: Scalar) -> Scalar:
    """A value of the same kind that a template would write in other words."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 12345678.5
    return f"{value or ''} one two three four five"


def check_template(
    server: Server, model: str, template: ChatTemplate, arguments: Arguments
) -> None:
    """Prove that the server renders a conversation as the template of the user's folder does.

    Raises:
        HarnessError: it renders another prompt, or offers no way to find out.
    """
    arguments = tuple(arguments)
    try:
        expected = template.render(CONVERSATION, arguments)
    except Exception as error:  # of a chat template, which is untrusted code
        raise HarnessError(f"the folder's chat template fails: {one_line(error)}") from None
    messages = [{"role": m.role, "content": m.content} for m in CONVERSATION]
    given = {"messages": messages, "chat_template_kwargs": dict(arguments)}
    try:
        rendered = server.post("apply-template", given, is_root=True).get("prompt")
    except NotOffered:
        _check_tokens(server, {"model": model}, given, expected)
        return
    if rendered != expected:
        raise _differs(server, expected, rendered)


def _check_tokens(
    server: Server, model: dict[str, Any], messages: dict[str, Any], expected: str
) -> None:
    """The same by token ids, where the server tokenizes: of the conversation, and of the text that
    the folder's template renders."""
    rendered = {"prompt": expected, "add_special_tokens": False}
    try:
        theirs, ours = (
            server.post("tokenize", {**model, **given}, is_root=True).get("tokens")
            for given in ({**messages, "add_generation_prompt": True}, rendered)
        )
    except (NotOffered, BadRequest):
        raise HarnessError(
            f"{server.url}: neither renders prompts (/apply-template) nor tokenizes conversations "
            "(/tokenize), so its template cannot be compared with the folder's: leave out "
            "+tokenizer="
        ) from None
    if not isinstance(theirs, list) or not theirs or theirs != ours:
        raise _differs(server, expected, None)


def _differs(server: Server, expected: str, rendered: object) -> HarnessError:
    shown = ""
    if isinstance(rendered, str):
        pairs = zip(expected, rendered, strict=False)
        at = next(
            (i for i, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(rendered))
        )
        begin = max(0, at - 10)
        shown = f": {excerpt(rendered[begin:], 40)!r} in place of {excerpt(expected[begin:], 40)!r}"
    return HarnessError(
        f"{server.url}: renders another prompt than the folder's chat template{shown}; serve the "
        "model with that template"
    )


def _request(
    messages: Sequence[Message], tokens: int, template: Sequence[tuple[str, Scalar]] = ()
) -> Request:
    sampling = Sampling(max_new_tokens=tokens)
    return Request("probe", "probe", tuple(messages), sampling, template=tuple(template))
