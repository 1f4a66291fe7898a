"""A conversation as the prompt that Ollama makes of it by a Modelfile's template.

The rules are those of ``template/template.go`` of https://github.com/ollama/ollama: messages of one
role in a row become one, and a template that does not name ``.Messages`` is executed once for each
question and its answer.
"""

from collections.abc import Sequence
from typing import Any

from harness.core.case import Message
from harness.export.ollama.go_execution import Message as GoMessage
from harness.export.ollama.go_execution import execute
from harness.export.ollama.go_syntax import Action, Block, Node, Place, names, parse

_BETWEEN = "\n\n"
"""Between the contents of messages of one role in a row."""
_RESPONSE = Action(Place(None, ("Response",)))


class OllamaTemplate:
    """The ``TEMPLATE`` of a Modelfile.

    Raises:
        GoTemplateError: it is no template, or uses what is not known here.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        nodes = parse(source)
        named = {name.lower() for name in names(nodes)}
        self.has_messages = bool(named & {"messages", "document"})
        is_open = "response" not in named and "messages" not in named
        self._nodes: tuple[Node, ...] = (*nodes, *([_RESPONSE] if is_open else []))

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt. A conversation that ends with the assistant's message asks to go on with it.

        Raises:
            GoTemplateError: Go would stop, or the template uses what is not known here.
        """
        joined = _joined(messages)
        if self.has_messages:
            system = _BETWEEN.join(m.content for m in messages if m.role == "system")
            return execute(
                self._nodes,
                {
                    "System": system,
                    "Messages": [_value(m) for m in joined],
                    "Tools": [],
                    "Response": "",
                    "Think": False,
                    "IsThinkSet": False,
                },
            )
        return self._by_exchange(joined)

    def _by_exchange(self, messages: Sequence[Message]) -> str:
        """One execution for each exchange; the last one ends where the answer begins."""
        written: list[str] = []
        values = _exchange()
        for message in messages:
            is_complete = values["Response"] or (message.role == "system" and values["Prompt"])
            if message.role in ("system", "user") and is_complete:
                written.append(execute(self._nodes, values))
                values = _exchange()
            part = {"system": "System", "user": "Prompt", "assistant": "Response"}[message.role]
            values[part] = message.content
        return "".join(written) + execute(_until_response(self._nodes), values)


def _joined(messages: Sequence[Message]) -> list[Message]:
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            content = joined.pop().content + _BETWEEN + message.content
            message = Message(message.role, content)
        joined.append(message)
    return joined


def _value(message: Message) -> GoMessage:
    return GoMessage(
        Role=message.role,
        Content=message.content,
        Thinking="",
        Images=[],
        ToolCalls=[],
        ToolName="",
        ToolCallID="",
    )


def _exchange() -> dict[str, Any]:
    return {"System": "", "Prompt": "", "Response": "", "Think": False, "IsThinkSet": False}


def _until_response(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The template up to where it first writes ``.Response``."""
    return _cut(nodes)[0]


def _cut(nodes: Sequence[Node]) -> tuple[tuple[Node, ...], bool]:
    kept: list[Node] = []
    for node in nodes:
        if isinstance(node, Block):
            body, is_cut = _cut(node.body)
            otherwise, is_cut = ((), True) if is_cut else _cut(node.otherwise)
            kept.append(Block(node.kind, node.value, node.variables, body, otherwise))
        else:
            kept.append(node)
            is_cut = isinstance(node, Action) and "Response" in [*names([node])]
        if is_cut:
            return tuple(kept), True
    return tuple(kept), False
