"""Reads a file that a person named: a regular one, of a size that fits into memory.

A device never ends and a pipe waits for ever; both are refused before they are opened.
"""

import stat
from pathlib import Path

from harness.core.errors import HarnessError

MAX_BYTES = 1_000_000_000
"""A larger file would only fill the memory."""


def read_regular(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a file.

    Raises:
        FileNotFoundError: there is none.
        HarnessError: it cannot be read, is no regular file or too large; ``path: what, what next``.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise HarnessError(f"{path}: is no regular file, name one that is")
        if found.st_size > max_bytes:
            size = f"{max_bytes // 1_000_000:,} MB"
            raise HarnessError(f"{path}: is larger than {size}, name the file that was meant")
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:  # a NUL in the name
        raise HarnessError(f"{path}: no file has such a name, name one that is there") from None
