"""Conversations that a chat template renders in the process and sandbox of ``template_probe``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.case import Message
from harness.core.template_arguments import Scalar
from harness.model_files.template_probe import probe


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text that a template makes of one conversation."""

    text: str
    error: str | None = None
    """Why the template refuses the conversation, in one line."""


def render_all(
    template: str,
    special: Mapping[str, str],
    conversations: Sequence[Sequence[Message]],
    arguments: Mapping[str, Scalar],
) -> tuple[Rendered, ...]:
    """Render each conversation as a prompt; one that ends with an answer, as it stands.

    Args:
        template: Jinja source.
        special: ``bos_token`` and the like.
        arguments: further variables of the template.

    Raises:
        ValueError: the template brought the process down or took too long; the message says which.
    """
    asked = {
        "template": template,
        "special": dict(special),
        "arguments": dict(arguments),
        "conversations": [[[m.role, m.content] for m in c] for c in conversations],
    }
    found = probe(asked)
    if "error" in found:
        raise ValueError(found["error"])
    return tuple(Rendered(**one) for one in found["conversations"])
