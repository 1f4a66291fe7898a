"""A chat template rendered without transformers, to the text that transformers renders.

A template is a program by whoever made the model. It runs in Jinja's immutable sandbox, with the
extensions, filters and globals that transformers 5 gives it (``transformers/utils/
chat_template_utils.py``); the tests hold the two against each other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import jinja2
import jinja2.ext
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.core.case import Message, turn_of
from harness.core.template_arguments import Scalar
from harness.core.tools import tools_of

CLOCK = datetime(2025, 1, 1, 12)
"""The time that a template is told in place of the clock's: two runs of one plan are equal."""


class ChatTemplate:
    """The template of one model."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        self.source = source
        self.special_tokens = dict(special_tokens)
        """``bos_token`` and the like, by the name under which a template reads them."""

    def render(
        self,
        messages: Sequence[Message],
        arguments: Iterable[tuple[str, Scalar]] = (),
        *,
        adds_generation_prompt: bool = True,
        tools: str = "",
    ) -> str:
        """The conversation as text.

        Args:
            messages: the conversation.
            arguments: further variables, which go before special tokens of the same name.
            adds_generation_prompt: end with what opens an answer.
            tools: the tools that the model may call, as JSON text.

        Raises:
            Exception: whatever the template raises, a ``jinja2.TemplateError`` by itself.
        """
        return self.render_turns(
            [turn_of(message) for message in messages],
            tools_of(tools),
            adds_generation_prompt=adds_generation_prompt,
            **dict(arguments),
        )

    def render_turns(
        self,
        turns: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] | None,
        *,
        adds_generation_prompt: bool,
        **arguments: Scalar,
    ) -> str:
        """A conversation of turns as OpenAI's protocol has them; raises as ``render`` does."""
        return _compiled(self.source).render(
            messages=turns,
            tools=tools,
            documents=None,
            add_generation_prompt=adds_generation_prompt,
            **{**self.special_tokens, **arguments},
        )

    def variables(self) -> frozenset[str]:
        """Every name that the template reads and does not set itself.

        Raises:
            jinja2.TemplateSyntaxError: it is no template.
        """
        environment = _environment()
        # Jinja leaves out the names of its globals, the clock among them.
        environment.globals.clear()
        return frozenset(jinja2.meta.find_undeclared_variables(environment.parse(self.source)))

    def is_random(self) -> bool:
        """True if the template calls what draws at random: Jinja's filter, or its filler text."""
        filters = _environment().parse(self.source).find_all(jinja2.nodes.Filter)
        return "lipsum" in self.variables() or any(f.name == "random" for f in filters)


def clock_of(source: str | None) -> str | None:
    """The time that a template is told where it asks for it; ``None`` for one that does not ask or
    cannot be read."""
    try:
        is_asked = source is not None and "strftime_now" in ChatTemplate(source, {}).variables()
    except (jinja2.TemplateError, RecursionError):
        return None
    return CLOCK.isoformat() if is_asked else None


@lru_cache(maxsize=16)
def _compiled(source: str) -> jinja2.Template:
    return _environment().from_string(source)


def _environment() -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals |= {
        "raise_exception": _raise,
        "strftime_now": CLOCK.strftime,
        "dict": _Dict(),
        "namespace": _Namespace,
    }
    return environment


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
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)
