"""Turns a chat template into Go templates for Ollama; a proof takes the first that is equal.

The Jinja source is not read: what stands around messages is seen in the prompts that it renders.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.export.ollama.modelfile import is_kept
from harness.export.ollama.proof import REQUIRED, Reference

_LAST = "{{ $last := eq (len (slice $.Messages $i)) 1 }}"
_LAST_USER = "lt (len (slice $.Messages $i)) 3"
_ASKS = 'and $last (ne .Role "assistant")'
_FIRST_USER = "or (eq $i 0) (and (eq $i 1) $.System)"


@dataclass(frozen=True, slots=True)
class Turns:
    """The text that a chat template writes around messages."""

    head: str
    """Before the first question."""
    to_answer: str
    """Between a question and its answer."""
    to_question: str
    """Between an answer and the next question."""
    to_end: str
    """After the last question."""


def candidates(reference: Reference, special: Iterable[str]) -> Iterator[str]:
    """Go templates that may render what the chat template does, the most readable first.

    Args:
        special: texts of special tokens, in which no text is cut.
    """
    turns = _turns(reference)
    if turns is None:
        return
    cut = _Cut(special)
    system = _around_system(reference, "su")
    if system is None:
        yield _by_role(turns, None, cut)
        return
    yield _by_role(turns, system, cut)
    if system[0].startswith(turns.head):
        before, after = system[0].removeprefix(turns.head), system[1]
        for where in ("eq $i 1", _LAST_USER):
            yield _in_a_question(turns, before, after, where, cut)
    yield _flat(turns, system)


def _turns(reference: Reference) -> Turns | None:
    pieces = _around(reference, "uau")
    return Turns(*pieces) if pieces else None


def _around(reference: Reference, shape: str) -> tuple[str, ...] | None:
    """The texts around the messages of the first conversation of that shape."""
    for conversation, text in reference.prompts.items():
        if (conversation.kind, conversation.shape) == (REQUIRED, shape):
            parts = []
            for message in conversation.messages:
                before, found, text = text.partition(message.content)
                if not found:
                    return None
                parts.append(before)
            return (*parts, text)
    return None


def _around_system(reference: Reference, shape: str) -> tuple[str, str] | None:
    pieces = _around(reference, shape)
    return (pieces[0], pieces[1]) if pieces else None


class _Cut:
    """Common beginnings and ends of texts, which do not cut a special token in two."""

    def __init__(self, special: Iterable[str]) -> None:
        tokens = sorted({s for s in special if s}, key=len, reverse=True)
        self._pieces = re.compile("|".join([*map(re.escape, tokens), "."]), re.DOTALL)

    def start(self, *texts: str) -> str:
        """The longest common beginning."""
        return "".join(_common([self._pieces.findall(text) for text in texts]))

    def closing(self, *texts: str) -> str:
        """The common beginning of what follows messages, without a token that opens every turn."""
        common = _common([self._pieces.findall(text) for text in texts])
        if len(common) > 1 and len(common[-1]) > 1:
            common.pop()
        return "".join(common)

    def split(self, turns: Turns, *more: str) -> tuple[str, str]:
        """The texts that close a message and that open a question. ``more``: others that do."""
        closed = self.closing(turns.to_answer, turns.to_question, turns.to_end, *more)
        question = turns.to_question.removeprefix(closed)
        if not all(text.endswith(question) for text in (turns.head, *more)):
            question = self.end(turns.head, turns.to_question, *more)
            rest = turns.to_question.removesuffix(question)
            closed = self.start(turns.to_answer, rest, turns.to_end)
        return closed, question

    def end(self, *texts: str) -> str:
        """The longest common end."""
        turned = [self._pieces.findall(text)[::-1] for text in texts]
        return "".join(_common(turned)[::-1])


def _common(lists: list[list[str]]) -> list[str]:
    common = []
    for pieces in zip(*lists, strict=False):
        if len(set(pieces)) > 1:
            break
        common.append(pieces[0])
    return common


def _by_role(turns: Turns, system: tuple[str, str] | None, cut: _Cut) -> str:
    """Each message between what opens and what closes the turn of its role."""
    closed, question = cut.split(turns, *(system[1:] if system else ()))
    opening = turns.head.removesuffix(question)
    shared = opening
    branch = "{{ if"
    if system:
        start = cut.start(opening, system[0])
        shared = start if len(start) < len(system[0]) else ""
        before, after = system[0].removeprefix(shared), system[1].removesuffix(question)
        branch = (
            f'{{{{ if eq .Role "system" }}}}{literal(before)}{{{{ .Content }}}}{literal(after)}'
            "{{ else if"
        )
    default = _when("eq $i 0", literal(opening.removeprefix(shared)))
    return (
        f"{literal(shared)}{{{{ range $i, $_ := .Messages }}}}{_LAST}"
        f'{branch} eq .Role "user" }}}}{default}{literal(question)}{{{{ .Content }}}}'
        f"{literal(closed)}{_answer_and_end(turns, closed, question)}{{{{ end }}}}"
    )


def _answer_and_end(turns: Turns, closed: str, question: str) -> str:
    """The branch of an answer, and the opening of the one that is asked for."""
    opened = literal(turns.to_answer.removeprefix(closed))
    ended = literal(turns.to_question.removesuffix(question))
    asked = literal(turns.to_end.removeprefix(closed))
    return (
        f'{{{{ else if eq .Role "assistant" }}}}{opened}{{{{ .Content }}}}'
        f"{_when('not $last', ended)}{{{{ end }}}}"
        f"{_when(_ASKS, asked)}"
    )


def _in_a_question(turns: Turns, before: str, after: str, where: str, cut: _Cut) -> str:
    """The system message stands within a question: the first, or the last."""
    closed, question = cut.split(turns)
    head = _when(_FIRST_USER, literal(turns.head.removesuffix(question)))
    system = f"{literal(before)}{{{{ $.System }}}}{literal(after)}"
    return (
        f"{{{{ range $i, $_ := .Messages }}}}{_LAST}"
        f'{{{{ if eq .Role "user" }}}}{head}{literal(question)}'
        f"{_when(f'and $.System ({where})', system)}{{{{ .Content }}}}"
        f"{literal(closed)}{_answer_and_end(turns, closed, question)}{{{{ end }}}}"
    )


def _flat(turns: Turns, system: tuple[str, str]) -> str:
    """After each message what leads to the next one, whatever it is made of."""
    return (
        f"{{{{ range $i, $_ := .Messages }}}}{_LAST}"
        f'{{{{ if eq .Role "system" }}}}{literal(system[0])}{{{{ .Content }}}}{literal(system[1])}'
        f'{{{{ else if eq .Role "user" }}}}{{{{ if eq $i 0 }}}}{literal(turns.head)}{{{{ end }}}}'
        f"{{{{ .Content }}}}{{{{ if $last }}}}{literal(turns.to_end)}{{{{ else }}}}"
        f"{literal(turns.to_answer)}{{{{ end }}}}"
        f"{{{{ else }}}}{{{{ .Content }}}}{{{{ if not $last }}}}{literal(turns.to_question)}"
        "{{ end }}{{ end }}{{ end }}"
    )


def _when(condition: str, text: str) -> str:
    """``text``, which is a template's own, where the condition holds."""
    return f"{{{{ if {condition} }}}}{text}{{{{ end }}}}" if text else ""


def literal(text: str) -> str:
    """Text of a Go template that writes ``text``, in what a Modelfile can hold."""
    # One brace as well: it may stand before those of an action.
    parts = re.split(r'(\{|"""|\r)', text)
    return "".join(_quoted(p) if p in ("{", '"""', "\r") else _kept(p) for p in parts)


def _kept(text: str) -> str:
    return "".join(c if is_kept(c) else _quoted(c) for c in text)


def _quoted(text: str) -> str:
    escaped = "".join(map(_escaped, text))
    return f'{{{{ "{escaped}" }}}}'


def _escaped(character: str) -> str:
    if character == "{":
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
