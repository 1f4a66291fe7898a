"""``harness explain``: what a word of the terminal, the page or a record means."""

import textwrap
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.core.verdict import FailureCode
    from harness.report.words.glossary import Term

COLUMNS = 80


@click.command()
@click.argument("words", metavar="[WORD...]", nargs=-1)
def command(words: tuple[str, ...]) -> None:
    """Explain WORD, such as budget, wording or inconclusive; without it, list the words.

    Behaviors, failure codes and words of several parts ("design effect") are found, too.
    """
    from harness.report.console.output import say

    say(*(_explained(" ".join(words)) if words else _listed()))


def _listed() -> list[str]:
    from harness.report.words.glossary import TERMS

    return [
        *_folded(", ".join(term.word for term in TERMS)),
        "harness explain WORD says more, also of behaviors and failure codes",
    ]


def _explained(word: str) -> list[str]:
    from harness.checks import listing
    from harness.core.errors import HarnessError
    from harness.core.suggestion import did_you_mean
    from harness.core.verdict import FailureCode
    from harness.report.words.glossary import spellings, terms_of

    lines = [line for term in terms_of(word) for line in _term(term)]
    if word in listing():
        lines += _behavior(word)
    if word in [*FailureCode]:
        lines += _code(FailureCode(word))
    if lines:
        return lines
    known = [*spellings(), *listing(), *FailureCode]
    raise HarnessError(
        f"no word {word!r}, {did_you_mean(word, known, 'harness explain lists all')}"
    )


def _term(term: "Term") -> list[str]:
    more = [f"  more: docs/{term.page}"] if term.page else []
    return [term.word, *_folded(term.meaning, "  "), *more]


def _behavior(name: str) -> list[str]:
    """The first paragraph of a behavior's file, and what a task declares for it to apply."""
    from harness import checks

    module = import_module(f"{checks.__name__}.{name}")
    said = (module.__doc__ or "").partition("\n\n")[0]
    needs = ", ".join(sorted(checks.listing()[name].needs)) or "nothing"
    words = f"{said} It applies to a task that declares: {needs}."
    return [f"{name} (behavior)", *_folded(words, "  "), "  more: docs/reference/behaviors.md"]


def _code(code: "FailureCode") -> list[str]:
    from harness.report.words.failure_codes import CODES

    return [f"{code} (failure code)", *_folded(CODES[code], "  ")]


def _folded(text: str, indent: str = "") -> list[str]:
    plain = " ".join(text.replace("`", "").replace("*", "").split())
    return textwrap.wrap(plain, COLUMNS, initial_indent=indent, subsequent_indent=indent)
