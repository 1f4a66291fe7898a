"""The cell of CSV that a text is written as."""

_BLANK = " \t\n\r"


def csv_cell(text: str, delimiter: str) -> str:
    """The text, in quotes where it would read as something else without them."""
    is_plain = text == text.strip(_BLANK) and not any(c in text for c in (delimiter, *'"\r\n'))
    return text if is_plain else '"{}"'.format(text.replace('"', '""'))
