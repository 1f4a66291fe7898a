"""A chat template rendered without transformers, to the text that transformers renders.

A template is a program by whoever made the model. It runs in Jinja's immutable sandbox, with the
extensions, filters and globals that transformers 5 gives it (``transformers/utils/
chat_template_utils.py``); the tests hold the two against each other.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.core.case import Message


class ChatTemplate:
    """The template of one model."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        self.source = source
        self.special_tokens = dict(special_tokens)
        """``bos_token`` and the like, by the name under which a template reads them."""

    def render(self, messages: Sequence[Message], *, adds_generation_prompt: bool = True) -> str:
        """The conversation as text.

        Args:
            messages: the conversation.
            adds_generation_prompt: end with what opens an answer.

        Raises:
            Exception: whatever the template raises, a ``jinja2.TemplateError`` by itself.
        """
        conversation = [{"role": m.role, "content": m.content} for m in messages]
        return self._compiled.render(
            messages=conversation,
            tools=None,
            documents=None,
            add_generation_prompt=adds_generation_prompt,
            **self.special_tokens,
        )

    @cached_property
    def _compiled(self) -> jinja2.Template:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_Generation, jinja2.ext.loopcontrols],
        )
        environment.filters["tojson"] = _to_json
        environment.globals |= {
            "raise_exception": _raise,
            "strftime_now": lambda form: datetime.now().strftime(form),
            "dict": _Dict(),
            "namespace": _Namespace,
        }
        return environment.from_string(self.source)


class _Generation(jinja2.ext.Extension):
    """``{% generation %}`` marks what the model says, for training; the text is unchanged."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2.ext.Extension declares it

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Any) -> Any:
        return caller()


class _Dict:
    """``dict`` without its attributes, which lead out of the sandbox."""

    def __call__(self, *args: Any, **values: Any) -> dict[Any, Any]:
        return dict(*args, **values)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


class _Namespace(jinja2.utils.Namespace):
    """``namespace`` that takes no name of Python's own."""

    def __init__(*args: Any, **values: Any) -> None:
        # Not a parameter `self`: a template may say `namespace(self=...)`.
        self, *rest = args
        names = dict(*rest, **values)
        for name in names:
            _check_name(name)
        jinja2.utils.Namespace.__init__(self, names)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace cannot hold the name {name!r}")


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Without the HTML escapes of Jinja's own filter."""
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)
