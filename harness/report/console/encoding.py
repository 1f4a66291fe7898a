"""Text of tables in the encoding of the terminal."""

from rich.console import ConsoleOptions
from rich.text import Text


def encodable(text: Text, options: ConsoleOptions) -> Text:
    """The text in the terminal's encoding, with escapes for the characters that it lacks."""
    try:
        text.plain.encode(options.encoding)
    except UnicodeEncodeError:
        cuts = sorted({edge for span in text.spans for edge in (span.start, span.end)})
        whole = Text(style=text.style)
        for part in text.divide(cuts):
            plain = part.plain.replace("…", "...").encode(options.encoding, "backslashreplace")
            style = part.spans[0].style if part.spans else ""
            whole.append(plain.decode(options.encoding), style)
        return whole
    return text
