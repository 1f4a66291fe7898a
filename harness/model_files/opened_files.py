"""The files that a model was opened from, held against what lies under their names later."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.core.errors import HarnessError
from harness.files.hash_memory import Stamp
from harness.model_files.fingerprint import sha256_of_file, stamp_of


class OpenedFiles:
    """Create it before the files are read, call ``opened`` when the model is open.

    A file is hashed again only when its size, times or inode differ from those at opening, so that
    asking after every batch costs a few system calls.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._stamps: dict[Path, Stamp | None] = {path: stamp_of(path) for path in paths}
        self._hashes: Mapping[Path, str] = {}
        self._replacement: str | None = None

    def opened(self) -> None:
        """Keep the hashes of what was read.

        Raises:
            HarnessError: a file changed while it was read: which of the two was opened is unknown.
        """
        hashes = {path: sha256_of_file(path) for path in self._stamps if path.is_file()}
        for path, stamp in self._stamps.items():
            if stamp is None or stamp_of(path) != stamp:
                raise HarnessError(f"{path} was replaced while the model was opened, run it again")
        self._hashes = hashes

    def replacement(self) -> str | None:
        """One line that names a file whose content became another since the model was opened;
        ``None`` where all are the same. Putting the old file back does not undo it."""
        for path, stamp in self._stamps.items():
            if self._replacement is not None or (found := stamp_of(path)) == stamp:
                continue
            if found is None or sha256_of_file(path) != self._hashes[path]:
                self._replacement = f"{path} was replaced while the model was in use, run it again"
            self._stamps[path] = found
        return self._replacement
