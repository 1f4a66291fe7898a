"""The text that a chat template writes around a question and an answer, or of whole conversations.

A template is untrusted code: it is rendered in a process of its own, in Jinja's sandbox, with a
limit on time and memory. ``python -m harness.model_files.template_probe`` is that process.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.core import child_python
from harness.core.case import Message

if TYPE_CHECKING:
    from harness.model_files.chat_template import ChatTemplate

QUESTION, ANSWER = "What is asked?", "What is answered."
MAX_SECONDS = 5
MAX_BYTES = 1 << 30
MAX_CHARACTERS = 1 << 20
"""Length of the text of one conversation: a template that writes more makes no prompt."""


@dataclass(frozen=True, slots=True)
class RenderedTurn:
    """One question and one answer, rendered by the template."""

    before: str = ""
    """Before the question."""
    after: str = ""
    """After the answer."""
    missing: str = ""
    """What stands before an answer and a prompt does not end with: the template does not open the
    answer."""
    variables: tuple[str, ...] = ()
    """Names that the template reads and does not set itself, sorted."""
    clock: str | None = None
    """Time that the template is told where it asks for it."""
    is_random: bool = False
    """The template draws at random."""
    writes_tools: bool = False
    """A prompt with tools is another than one without."""
    tool_form: str | None = None
    """The form in which the template writes calls, where it is known."""
    error: str | None = None
    """Why the template could not be rendered, in one line; the rest is empty then."""


def turn(template: str, special: Mapping[str, str | None]) -> RenderedTurn:
    """Render one question and its answer.

    Args:
        template: Jinja source.
        special: ``bos_token``, ``eos_token``, ``pad_token``.
    """
    return _turn(template, tuple(sorted((k, v) for k, v in special.items() if v is not None)))


@lru_cache(maxsize=32)
def _turn(template: str, special: tuple[tuple[str, str], ...]) -> RenderedTurn:
    found = probe({"template": template, "special": dict(special)})
    return RenderedTurn(**{**found, "variables": tuple(found.get("variables", ()))})


def probe(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of the process, or ``error`` where there is none."""
    try:
        done = subprocess.run(
            child_python.command("harness.model_files.template_probe"),
            env=child_python.environment(),
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=MAX_SECONDS,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {MAX_SECONDS} s"}
    except (subprocess.SubprocessError, ValueError, OSError):
        return {"error": "brought its process down"}
    return found


def _answer(source: str, special: Mapping[str, str]) -> dict[str, Any]:
    from harness.model_files.chat_template import ChatTemplate, clock_of

    turn = [Message("user", QUESTION), Message("assistant", ANSWER)]
    try:
        template = ChatTemplate(source, special)
        text = _bounded(template.render(turn, adds_generation_prompt=False))
        prompt = _bounded(template.render(turn[:1]))
        found = {
            "variables": sorted(template.variables()),
            "clock": clock_of(source),
            "is_random": template.is_random(),
            **_tools(template),
        }
    except Exception as error:  # whatever a stranger's program raises is its own fault
        return {"error": _reason(error)}
    before, asked, rest = text.partition(QUESTION)
    between, answered, after = rest.partition(ANSWER)
    if not asked or not answered:
        return {"error": "leaves out the question or the answer"}
    opening = prompt.partition(QUESTION)[2]
    missing = between.removeprefix(opening) if between.startswith(opening) else ""
    missing = missing if missing.strip() else ""
    return {**found, "before": before, "after": after, "missing": missing}


def _tools(template: "ChatTemplate") -> dict[str, Any]:
    """What the template does with tools; nothing where it fails on them."""
    from harness.model_files.tool_template import tool_form_of, writes_tools

    try:
        return {"writes_tools": writes_tools(template), "tool_form": tool_form_of(template)}
    except Exception:  # whatever a stranger's program raises is its own fault
        return {"writes_tools": False, "tool_form": None}


def _conversations(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Each conversation's text, or the reason why the template refuses it."""
    from harness.model_files.chat_template import ChatTemplate

    template = ChatTemplate(asked["template"], asked["special"])
    found = []
    for conversation in asked["conversations"]:
        messages = [Message(role, content) for role, content in conversation]
        is_asking = messages[-1].role != "assistant"
        try:
            arguments = asked["arguments"].items()
            text = template.render(messages, arguments, adds_generation_prompt=is_asking)
            found.append({"text": _bounded(text)})
        except Exception as error:  # whatever a stranger's program raises is its own fault
            found.append({"text": "", "error": _reason(error)})
    return {"conversations": found}


def _bounded(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it writes more than {MAX_CHARACTERS:,} characters")
    return text


def _reason(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:200]


def main() -> None:
    """Read the template from standard input, write what it renders to standard output."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    asked = json.loads(sys.stdin.buffer.read())
    is_turn = "conversations" not in asked
    found = _answer(asked["template"], asked["special"]) if is_turn else _conversations(asked)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
