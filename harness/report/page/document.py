"""A self-contained page: its stylesheets, its script, and the policy that lets in these alone.

The policy names the stylesheet and the script by their hashes, so that even markup that slipped
through the escaping would be text. No request leaves the page.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness import __version__
from harness.report.page.templates import KeptTemplates
from harness.report.page.visible import plain

ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True, slots=True)
class Document:
    """The files that a page is made of, in ``assets/``."""

    template: str
    styles: Sequence[str]
    """Names of stylesheets, in this order."""
    scripts: Sequence[str]
    """Names of scripts that make up the page's one script: each uses what is before it."""

    def render(self, values: Mapping[str, Any], functions: Mapping[str, Any]) -> str:
        """The page as text that UTF-8 can hold."""
        css = "".join(asset(f"{name}.css") for name in self.styles)
        script = self._script()
        environment = _environment(self.template)
        environment.globals.update(functions)
        return environment.get_template(self.template).render(
            **values,
            policy=_policy(css, script),
            css=Markup(css),
            script=Markup(script),
            version=__version__,
        )

    def _script(self) -> str:
        """All scripts as one strict function, so that the policy names one hash."""
        parts = "\n".join(asset(f"{name}.js") for name in self.scripts)
        return f'"use strict";\n(() => {{\n{parts}}})();\n'


def asset(name: str) -> str:
    """The text of a file in ``assets/``."""
    return (ASSETS / name).read_text(encoding="utf-8")


def _policy(css: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_digest(css)}'",
            f"script-src '{_digest(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment(template: str) -> Environment:
    """Templates that are imported see an environment's globals alone, so each page has its own."""
    return Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=KeptTemplates(ASSETS, Path(__file__)),
    )


def _plain(value: object) -> object:
    """Makes every plain string that the template writes free of control characters and lone
    surrogates."""
    return plain(value) if type(value) is str else value
