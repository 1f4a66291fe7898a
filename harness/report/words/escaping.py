"""Text of a model made inert for Markdown, XML and the log of a workflow.

``printable`` makes it one line of visible characters and plain blanks; here the syntax of the
format is escaped.
"""

import html
import json
import re

from harness.core.printable import printable
from harness.report.words.excerpts import beginning

_SYNTAX = re.compile(
    r"[^\w ./,;:()+%='-]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # Emphasis; between letters it is none.
    r"|:(?=/|[\w+-]+:)|(?<=www)\.|(?<=gh)-",  # What GitHub would make a link or a picture of.
    re.IGNORECASE,
)
_XML_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COMMAND = re.compile(r"(?<=:)(?=:)|(?<=##)(?=\w*\[)")
_MARK = re.compile(r"(##\w*)\[")
"""Commands of Azure (``##vso[``), TeamCity and older runners of GitHub, anywhere in a line."""
_BEGINNING = re.compile(r"^((?:[ \t]|\x1b\[[0-9;]*m)*?)[ \t]?(?=::)")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_TABS = re.compile(r"(\t)")
_COLORS_AND_TABS = re.compile(r"(\t|\x1b\[[0-9;]*m)")


def markdown(text: str) -> str:
    """One line that GitHub shows unchanged: no markup, mention, link or table cell in it."""
    return _SYNTAX.sub(lambda m: f"&#{ord(m[0])};", printable(text))


def block(text: str, limit: int) -> str:
    """The beginning of a text as a ``<pre>``, in which Markdown is not read and no ``##[`` is
    found."""
    shown, rest = beginning(text, limit)
    escaped = _MARK.sub(r"\1&#91;", html.escape(printable(shown)))
    return f"<pre>{escaped}{rest}</pre>"


def xml(text: str) -> str:
    """One line without a character that XML 1.0 forbids; the writer escapes the rest."""
    return _XML_ILLEGAL.sub("\ufffd", printable(text))


def log(text: str) -> str:
    """One line that a workflow's runner does not obey: it looks for ``::error::`` and ``##[``."""
    return _COMMAND.sub(" ", printable(text))


def safe_line(text: str) -> str:
    """One line with words from outside, which neither a terminal nor a workflow's runner obeys.

    A workflow command at its beginning, however far it is indented, gets a bar before it, and
    ``##[`` is parted.
    """
    return _BEGINNING.sub(r"\1|", _parted(printable(text)))


def safe(text: str, *, has_color: bool = False, is_begun: bool = False) -> str:
    """Text that is laid out in lines already, each as ``safe_line`` makes it; tabs stay.

    Args:
        has_color: the text was laid out by us, so that its colors stay.
        is_begun: the first line goes on where something was printed already.
    """
    kept = _COLORS_AND_TABS if has_color else _TABS
    lines = [_parted(_printable_but(kept, line)) for line in text.split("\n")]
    first = lines[:1] if is_begun else []
    return "\n".join([*first, *(_BEGINNING.sub(r"\1|", line) for line in lines[len(first) :])])


def safe_json(text: str) -> str:
    """JSON of the same values in ASCII, in which no workflow's runner finds ``##[``."""
    ascii_only = _NOT_ASCII.sub(lambda m: json.dumps(m[0])[1:-1], text).replace("\x7f", "\\u007f")
    return _MARK.sub(lambda mark: f"{mark[1]}\\u005b", ascii_only)


def annotation(text: str) -> str:
    """The message of a workflow command, all of it on one line."""
    return log(text).replace("%", "%25")


def annotation_property(text: str) -> str:
    """The value of a property of a workflow command."""
    return annotation(text).replace(":", "%3A").replace(",", "%2C")


def _parted(line: str) -> str:
    return _MARK.sub(lambda mark: f"## {mark[1][2:]}[", line)


def _printable_but(kept: re.Pattern[str], line: str) -> str:
    """``printable``, except for what is kept."""
    return "".join(p if kept.fullmatch(p) else printable(p) for p in kept.split(line))
