"""A ModelRef: the ``kind:location`` that a user types after ``--model``."""

import re
from dataclasses import dataclass

from harness.core.errors import HarnessError
from harness.core.model_kind import kind_at
from harness.core.portable import expanded, portable


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model to open: ``adapter:out/`` or ``gguf:m.gguf+lora=a.gguf``."""

    kind: str
    """The backend: the name of a file in ``harness/backends/``."""
    location: str
    """A path or a hub id, as typed; in text without paths of this machine."""
    options: tuple[tuple[str, str], ...] = ()
    """``+name=value`` parts, in the order typed."""

    @classmethod
    def parse(cls, text: str) -> "ModelRef":
        """Read ``kind:location[+name=value]...``, or a path alone, whose kind is then found.

        Raises:
            HarnessError: there is no kind or no location, or no model at the path.
        """
        kind, colon, rest = text.partition(":")
        if not colon and text:
            kind, rest = kind_at(expanded(re.split(r"\+(?=[a-z_]+=)", text)[0])), text
        if not kind or not rest:
            raise HarnessError(
                f"--model {text!r}: expected kind:location, such as base:path/to/model or "
                "adapter:out/my_adapter"
            )
        location, *parts = re.split(r"\+(?=[a-z_]+=)", rest)
        options = tuple((p.partition("=")[0], expanded(p.partition("=")[2])) for p in parts)
        return cls(kind, expanded(location), options)

    @property
    def name(self) -> str:
        """Short name for a page: the last part of the location."""
        return self.location.rstrip("/").rpartition("/")[2] or self.location

    def option(self, name: str) -> str | None:
        """The value of ``+name=value``, or ``None``."""
        return dict(self.options).get(name)

    def __str__(self) -> str:
        options = "".join(f"+{name}={portable(value)}" for name, value in self.options)
        return f"{self.kind}:{portable(self.location)}{options}"
