"""How a JSON value may begin, where it stands among other text."""

import re

from harness.checks.text.document import BLANK

OPENERS = re.compile(r"[{\[][{\[ \t\n\r]*+")
"""A bracket with all that it may open at once."""
_AFTER_BRACE = re.compile(r"""["'}“”]|\Z|[,#]|/[/*]|[A-Za-z_$][\w$-]{0,80}[ \t\n\r]*+:""")
_AFTER_BRACKET = re.compile(
    r"""["'\]“”]|(?:tr?u?|fa?l?s?|nu?l?|-)?\Z"""
    r"|(?:-?[0-9][0-9.eE+-]*+|true|false|null|-?Infinity|NaN)[ \t\n\r]*+(?:[,\]]|\Z)"
)
SCALAR = (
    r'("(?:[^"\\\n]++|\\[^\n])*+"|-?[0-9][0-9.eE+-]*+|true|false|null'
    r"|[+-]?(?:Infinity|NaN))[ \t\r]*+$"
)
"""A number, string or literal with the rest of the line to itself."""
SCALAR_FIRST = re.compile(SCALAR, re.MULTILINE)


def is_plausible(text: str, opener: re.Match[str]) -> bool:
    """Brackets are followed as JSON's are: ``{`` by a name or ``}``, ``[`` by an item."""
    after = _AFTER_BRACE if opener[0].rstrip(BLANK)[-1] == "{" else _AFTER_BRACKET
    return after.match(text, opener.end()) is not None
