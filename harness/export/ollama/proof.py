"""Proves that a Modelfile's template renders what the model's chat template renders.

Both render the same conversations; the texts must be equal, character for character.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from harness.core.case import Message, Role
from harness.core.printable import printable
from harness.core.template_arguments import Scalar
from harness.export.ollama.go_syntax import GoTemplateError
from harness.export.ollama.prompt import OllamaTemplate
from harness.model_files.conversations import render_all

ROLES: Mapping[str, Role] = {"s": "system", "u": "user", "a": "assistant"}
REQUIRED = ""
"""The kind of a conversation whose texts must be equal; the other kinds are named for a warning."""
_SHAPES = ("u", "su", "uau", "suau", "uauau", "suauau")
_CONTENTS = (
    "W{}",
    'A "quoted" line {}.\n\nThen {{{{ .System }}}} and {{% if x %}}, it\'s `code`.',
    "Ünïcode 東京 🎉 “{}” ½",
    '{{"a": [1, {}], "b": "c\\n\\u00e9"}}',
    "<b>&amp; {}</b> [INST] \t tab",
)
"""Contents of messages, with a place for the number that makes each unlike the others. The first
one is what ``conversion`` looks for."""
_PADDED = "  \n{} \n"
_OTHER_KINDS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "an answer that the request begins": (("ua", "sua", "uaua"), {}),
    "a message with white space around it": (("u", "su", "uau"), dict.fromkeys("sua", _PADDED)),
    "an empty system message": (("su",), {"s": ""}),
    "a system message after the first turn": (("uasu",), {}),
    "an earlier answer with <think>": (("uau",), {"a": "<think>\nhm\n</think>\n\n{}"}),
}
"""Conversations whose texts may differ, with a warning: their shapes, and contents by role."""
_AROUND = 24
"""Characters before and after the first difference that a message quotes."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages that both templates render."""

    kind: str
    messages: tuple[Message, ...]

    @property
    def shape(self) -> str:
        """``suau``: the roles by their first letters."""
        return "".join(m.role[0] for m in self.messages)


@dataclass(frozen=True, slots=True)
class Difference:
    """A conversation of which the two templates make different prompts."""

    conversation: Conversation
    wanted: str
    """The text of the chat template at the first difference."""
    found: str
    """The Modelfile's text there, or why it has none."""

    def __str__(self) -> str:
        roles = ", ".join(m.role for m in self.conversation.messages)
        kind = self.conversation.kind or "the conversation"
        return (
            f"{kind} ({roles}) is another prompt in Ollama: {self.found!r} where the chat template "
            f"has {self.wanted!r}"
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """The prompts that a model's chat template makes, as Ollama has to send them."""

    prompts: Mapping[Conversation, str]
    """Without the BOS that Ollama adds itself."""
    refused: Mapping[Conversation, str]
    """Why the template refuses a conversation."""
    is_bos_missing: bool
    """Ollama adds a BOS, which the chat template does not write."""

    def differences(self, template: OllamaTemplate) -> Iterator[Difference]:
        """The first difference of each kind of conversation, the required kind first."""
        told = set()
        for conversation, wanted in self.prompts.items():
            if conversation.kind not in told and (
                found := _differs(template, conversation, wanted)
            ):
                told.add(conversation.kind)
                yield found

    def after_an_answer(self) -> str:
        """The chat template's text between an answer and the words of the next question."""
        for conversation, text in self.prompts.items():
            if (conversation.kind, conversation.shape) == (REQUIRED, "uau"):
                answer, question = (m.content for m in conversation.messages[1:])
                return text.rpartition(answer)[2].partition(question)[0]
        return ""

    def refusal(self, shape: str) -> str | None:
        """Why the template refuses every required conversation of this shape."""
        asked = [
            c for c in (*self.prompts, *self.refused) if (c.kind, c.shape) == (REQUIRED, shape)
        ]
        reasons = [self.refused[c] for c in asked if c in self.refused]
        return reasons[0] if len(reasons) == len(asked) else None


def reference_of(
    source: str,
    special: Mapping[str, str],
    arguments: Mapping[str, Scalar],
    *,
    has_bos_added: bool,
) -> Reference:
    """Render the conversations of a proof.

    Args:
        source: the chat template.
        special: ``bos_token`` and the like.
        arguments: further variables of the template.
        has_bos_added: the file says that a BOS is put before every prompt.

    Raises:
        ValueError: the template cannot be rendered at all.
    """
    asked = [*_conversations()]
    rendered = render_all(source, special, [c.messages for c in asked], arguments)
    texts = {c: r.text for c, r in zip(asked, rendered, strict=True) if r.error is None}
    bos = special.get("bos_token", "") if has_bos_added else ""
    is_missing = has_bos_added and not any(bos and t.startswith(bos) for t in texts.values())
    return Reference(
        {c: _to_send(c, text.removeprefix(bos)) for c, text in texts.items()},
        {c: r.error for c, r in zip(asked, rendered, strict=True) if r.error is not None},
        is_missing,
    )


def _to_send(conversation: Conversation, text: str) -> str:
    """A prompt ends after the words that the request puts into the answer's beginning."""
    last = conversation.messages[-1]
    if last.role != "assistant" or last.content not in text:
        return text
    return text[: text.rindex(last.content) + len(last.content)]


def _conversations() -> Iterator[Conversation]:
    for content in _CONTENTS:
        for shape in _SHAPES:
            yield _conversation(REQUIRED, shape, content)
    for kind, (shapes, contents) in _OTHER_KINDS.items():
        for shape in shapes:
            yield _conversation(kind, shape, _CONTENTS[0], contents)


def _conversation(
    kind: str, shape: str, content: str, others: Mapping[str, str] | None = None
) -> Conversation:
    """Messages of these roles with this content, or that of their role in ``others``."""
    messages = [
        Message(ROLES[letter], (others or {}).get(letter, content).format(f"{letter}{number}"))
        for number, letter in enumerate(shape)
    ]
    return Conversation(kind, tuple(messages))


def _differs(template: OllamaTemplate, asked: Conversation, wanted: str) -> Difference | None:
    try:
        found = template.render(asked.messages)
    except GoTemplateError as error:
        return Difference(asked, _excerpt(wanted, 0), printable(str(error)))
    if found == wanted:
        return None
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted, found, strict=False))
    )
    return Difference(asked, _excerpt(wanted, same), _excerpt(found, same))


def _excerpt(text: str, at: int) -> str:
    return text[max(0, at - _AROUND) : at + _AROUND]


def first_required(differences: Iterable[Difference]) -> Difference | None:
    """The difference for which a template is refused."""
    return next((d for d in differences if d.conversation.kind == REQUIRED), None)
