"""The formats that answers may have, by the kind of their references."""

VALUE_FORMATS = ("json", "jsonl", "yaml", "csv")
"""Formats whose answers are values, which pointers lead into."""
LIST_FORMATS = ("jsonl", "csv")
"""Those whose answers are lists, of lines or of rows."""
GRAMMAR_FORMATS = ("json", "jsonl", "csv")
"""Those whose answers can be constrained to a grammar."""
FORMATS_OF_TEXT = ("text", "python")
"""Formats whose reference is the answer itself."""
