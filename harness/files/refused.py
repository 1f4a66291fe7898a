"""Files that the system refuses to look at, read or write, as mistakes of the user."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from harness.core.errors import HarnessError

WRITE_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
)
"""Error numbers of a full disk, a quota, missing rights and a failing device."""
_REFUSED = (*WRITE_ERRORS, errno.ENAMETOOLONG, errno.ELOOP)
"""``Path.exists`` and its like raise for these: the file may be there or not."""
_SHOWN = 60
_NEXT = "mend that and run it again"


def refusal(error: Exception) -> str | None:
    """One line with the file, the reason and what next, where the disk is full, the system does not
    allow it, or no file can have such a name; else ``None``."""
    if isinstance(error, ValueError) and str(error).startswith("embedded null"):
        return f"no file has a name with a NUL character, {_NEXT}"
    if not isinstance(error, OSError) or error.errno not in _REFUSED:
        return None
    where = f"{_shown(error.filename)}: " if error.filename else ""
    return f"{where}{error.strerror}, {_NEXT}"


@contextmanager
def refusals(place: str = "") -> Iterator[None]:
    """Raise a ``HarnessError`` in place of an error that is a refusal, with ``place`` before
    it."""
    try:
        yield
    except (OSError, ValueError) as error:
        if reason := refusal(error):
            where = f"{_shown(place)}: " if place else ""
            raise HarnessError(f"{where}{reason}") from None
        raise


def _shown(path: object) -> str:
    """The path, shortened where only its length is of interest."""
    text = str(path)
    return text if len(text) <= 1_024 else f"{text[:_SHOWN]}... ({len(text):,} characters)"
