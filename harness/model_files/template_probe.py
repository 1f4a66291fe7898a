"""What a chat template writes around a question and an answer.

A template is a program from strangers: it runs in a process of its own, in Jinja's sandbox, with a
limit on time and memory. ``python -m harness.model_files.template_probe`` is that process.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

QUESTION, ANSWER = "What is asked?", "What is answered."
MOST_SECONDS = 5
MOST_BYTES = 1 << 30
_GENERATION = re.compile(r"{%-?\s*(?:end)?generation\s*-?%}")
"""Marks of the answer for trainers; they write nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and one answer as the template writes them."""

    before: str = ""
    """Before the question."""
    after: str = ""
    """After the answer."""
    error: str | None = None
    """Why the template could not be rendered, in one line; the rest is empty then."""


def turn(template: str, special: Mapping[str, str | None]) -> Turn:
    """Render one question and its answer.

    Args:
        template: Jinja source.
        special: ``bos_token``, ``eos_token``, ``pad_token``.
    """
    return _turn(template, tuple(sorted((k, v) for k, v in special.items() if v is not None)))


@lru_cache(maxsize=32)
def _turn(template: str, special: tuple[tuple[str, str], ...]) -> Turn:
    asked = json.dumps({"template": template, "special": dict(special)})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "harness.model_files.template_probe"],
            input=asked.encode(),
            capture_output=True,
            timeout=MOST_SECONDS,
            check=True,
        )
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return Turn(error=f"took more than {MOST_SECONDS} s")
    except (subprocess.SubprocessError, ValueError, OSError):
        return Turn(error="brought its process down")
    return Turn(**found)


def rendered(template: str, special: Mapping[str, str]) -> str:
    """The conversation of one question and one answer, as transformers renders it.

    Raises:
        jinja2.TemplateError: it is no template, or refuses the conversation.
    """
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    environment.globals.update(raise_exception=refuse, strftime_now=lambda form: "")
    messages = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": ANSWER},
    ]
    written = environment.from_string(_GENERATION.sub("", template))
    return written.render(messages=messages, add_generation_prompt=False, **special)


def _answer(template: str, special: Mapping[str, str]) -> dict[str, str]:
    try:
        text = rendered(template, special)
    except Exception as error:  # whatever a stranger's program raises is its own fault
        lines = str(error).splitlines() or [type(error).__name__]
        return {"error": lines[0][:200]}
    before, asked, rest = text.partition(QUESTION)
    _, answered, after = rest.partition(ANSWER)
    if not asked or not answered:
        return {"error": "leaves out the question or the answer"}
    return {"before": before, "after": after}


def main() -> None:
    """Read the template from standard input, write the turn to standard output."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    asked = json.loads(sys.stdin.buffer.read())
    json.dump(_answer(asked["template"], asked["special"]), sys.stdout)


if __name__ == "__main__":
    main()
