"""Text of a model where Markdown, XML or a workflow's log would obey it.

``printable`` has made it one line of ink and plain blanks; here what is left of syntax goes.
"""

import html
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
_COMMAND = re.compile(r"(?<=:)(?=:)|(?<=##)(?=\[)")


def markdown(text: str) -> str:
    """One line that GitHub shows as it stands: no markup, no mention, no link, no table's bar."""
    return _SYNTAX.sub(lambda m: f"&#{ord(m[0])};", printable(text))


def block(text: str, limit: int) -> str:
    """The beginning of a text as a ``<pre>``: in it, Markdown has nothing to say."""
    shown, rest = beginning(text, limit)
    return f"<pre>{html.escape(printable(shown))}{rest}</pre>"


def xml(text: str) -> str:
    """One line without a character that XML 1.0 forbids; the writer escapes the rest."""
    return _XML_ILLEGAL.sub("\ufffd", printable(text))


def log(text: str) -> str:
    """One line that a workflow's runner does not obey: it looks for ``::error::`` and ``##[``."""
    return _COMMAND.sub(" ", printable(text))


def inert(line: str) -> str:
    """A line that is laid out already, without what a workflow's runner would obey: a command at
    its beginning, however far it is indented, gets a bar before it, and ``##[`` is parted."""
    line = line.replace("##[", "## [")
    margin = len(line) - len(line.lstrip())
    if not line.startswith("::", margin):
        return line
    return f"{line[: max(0, margin - 1)]}|{line[margin:]}"


def annotation(text: str) -> str:
    """The message of a workflow command, all of it on one line."""
    return log(text).replace("%", "%25")


def annotation_property(text: str) -> str:
    """The value of a property of a workflow command."""
    return annotation(text).replace(":", "%3A").replace(",", "%2C")
