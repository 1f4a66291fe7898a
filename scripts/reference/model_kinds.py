"""The kinds of model after ``--model``: the files of ``harness/backends/``."""

import importlib
import pkgutil

from harness import backends
from scripts.reference.markdown import paragraphs

INTRODUCTION = """\
# Kinds of models

What may stand after `--model`, `harness serve --model` and in `models` of the settings.
[Models](../models.md) says what is checked when one opens.
"""


def page() -> str:
    names = sorted(m.name for m in pkgutil.iter_modules(backends.__path__))
    return "\n".join([INTRODUCTION, *map(_section, names)])


def _section(name: str) -> str:
    text = importlib.import_module(f"harness.backends.{name}").__doc__ or ""
    return f"## {name}\n\n{paragraphs(text)}\n"
