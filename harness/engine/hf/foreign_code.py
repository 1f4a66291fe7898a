"""Refuses code that a model brings along (``auto_map``): it never runs, and nobody is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import HarnessError

NO_FOREIGN_CODE = {"trust_remote_code": False}
"""Argument of every ``from_pretrained``. Left out, transformers asks on standard input."""


@contextmanager
def foreign_code_refused(folder: Path) -> Iterator[None]:
    """Give transformers' refusal, which advises to allow the code, our own words.

    Raises:
        HarnessError: the folder can only be opened with its own code.
    """
    try:
        yield
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise HarnessError(
            f"{folder}: transformers does not know this kind of model, and the code that it brings "
            "along (auto_map) is never run: name a model of a kind that transformers knows"
        ) from None
