"""Compiles the page's templates once: their bytecode is kept where Python keeps that of the modules
beside them.

Compiling takes a fifth of a second, more than filling them in. Bytecode that cannot be read or
written only costs that time.
"""

import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

import jinja2.compiler
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class KeptTemplates(FileSystemBytecodeCache):
    """The compiled templates of a folder, by their text and the stamps of what compiled them."""

    def __init__(self, folder: Path, options: Path) -> None:
        """``options`` is the file that sets the environment's: they too make the bytecode."""
        super().__init__(str(Path(cache_from_source(str(folder / "template.py"))).parent))
        files = (Path(jinja2.compiler.__file__).stat(), options.stat())
        self._compiler = [(file.st_size, file.st_mtime_ns) for file in files]

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(f"{self._compiler}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
