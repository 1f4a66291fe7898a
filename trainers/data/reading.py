"""Reads the rows of training files: finds a file's form and its rows' shape, one shape a file.

``read_rows`` and ``read_pairs`` are for training and accept no mistake; ``scan`` is for whoever
looks at every row.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.records.runs import SAMPLES_FILE
from trainers.data.calls import TOOLS
from trainers.data.conversation import LeftOut
from trainers.data.file_rows import FileRow, file_rows, read_content
from trainers.data.pairs import PreferenceRow
from trainers.data.rows import DataFile, TrainingRow
from trainers.data.shape import Kind, Shape
from trainers.data.shapes import fitting, listing

MAX_MISTAKES = 10
"""Bad rows named in one error; the rest are counted."""
_METHODS = {
    "examples": "examples to imitate, which method: sft trains on",
    "preferences": "preferences (chosen and rejected), which method: dpo trains on",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not trained on."""

    where: str
    reason: str
    value: Mapping[str, Any]
    """The row as it stands in the file; empty where it is no JSON object."""
    is_mistake: bool
    """False for a sound row that is no example to imitate."""


@dataclass(slots=True)
class Scan:
    """The rows of one file, read one by one."""

    path: Path
    content: bytes
    shape: Shape | None = None
    """Given, or known from the first row that has a shape's keys."""
    kind: Kind | None = None
    """The kind of rows that is wanted; any if ``None``."""
    reasons: Counter[str] = field(default_factory=Counter, init=False)
    """Why sound rows so far are no examples to imitate, with their number."""
    is_given: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_given = self.shape is not None

    @property
    def left_out(self) -> int:
        """Sound rows so far that are no examples to imitate."""
        return self.reasons.total()

    def __iter__(self) -> Iterator[TrainingRow | PreferenceRow | Refused]:
        """The rows in the file's order; a refused one in its place.

        Raises:
            HarnessError: the file's form cannot be read, or its rows are of the other kind.
        """
        for row in file_rows(self.path, self.content):
            try:
                if row.mistake:
                    raise ValueError(row.mistake)
                yield self._read(row)
            except LeftOut as reason:
                self.reasons[str(reason)] += 1
                yield Refused(row.where, str(reason), row.value, is_mistake=False)
            except ValueError as mistake:
                yield Refused(row.where, str(mistake), row.value, is_mistake=True)

    def _read(self, row: FileRow) -> TrainingRow | PreferenceRow:
        shape = self._shape_of(row)
        if _is_false(row.value.get("label")):
            raise LeftOut("label is false: no example to imitate")
        if row.value.get(TOOLS) and not shape.reads_tools:
            raise ValueError(
                f"has tools, which {shape.title} cannot have: write messages and tools"
            )
        return shape.read(row.value, row.where)

    def _shape_of(self, row: FileRow) -> Shape:
        if self.is_given and self.shape is not None:
            if missing := sorted(self.shape.keys - row.value.keys()):
                raise ValueError(f"has no {', '.join(missing)}, unlike a row of {self.shape.title}")
            return self.shape
        found = self._known(row)
        self.shape = self.shape or found
        if found is not self.shape:
            raise ValueError(
                f"is a row of {found.title} in a file of {self.shape.title}; one shape a file"
            )
        return found

    def _known(self, row: FileRow) -> Shape:
        shapes = [listing()[name] for name in fitting(row.value)]
        wanted = [s for s in shapes if self.kind in (None, s.kind)]
        if shapes and not wanted:
            raise HarnessError(f"{row.where}: holds {_METHODS[shapes[0].kind]}")
        if not wanted:
            raise ValueError(_no_shape(row.value, self.kind))
        if len(wanted) > 1:
            titles = " and of ".join(s.title for s in wanted)
            raise ValueError(f"has the keys of {titles}: keep one of the two shapes")
        return wanted[0]


def scan(path: Path, shape: Shape | None = None, kind: Kind | None = None) -> Scan:
    """Open a file, or the samples in a run's folder, to be read row by row; see ``Scan``.

    Raises:
        HarnessError: the file cannot be read.
    """
    samples = path / SAMPLES_FILE
    path = samples if samples.is_file() else path
    return Scan(path, read_content(path), shape, kind)


def shape_named(name: str) -> Shape:
    """The shape of that name.

    Raises:
        HarnessError: there is none.
    """
    if name not in listing():
        hint = did_you_mean(name, listing(), f"there are {', '.join(listing())}")
        raise HarnessError(f"--format {name}: no such shape, {hint}")
    return listing()[name]


def read_rows(path: Path, limit: int | None = None) -> tuple[list[TrainingRow], DataFile]:
    """Read the examples of one file, at most ``limit`` of them.

    Raises:
        HarnessError: the file cannot be read or holds no row, or rows are wrong: a line for each,
            as ``file:line: what, what next``.
    """
    found, file = _read(path, limit, "examples")
    return [row for row in found if isinstance(row, TrainingRow)], file


def read_pairs(path: Path, limit: int | None = None) -> tuple[list[PreferenceRow], DataFile]:
    """Read the preferences of one file, at most ``limit`` of them; raises as ``read_rows`` does."""
    found, file = _read(path, limit, "preferences")
    return [row for row in found if isinstance(row, PreferenceRow)], file


def _read(path: Path, limit: int | None, kind: Kind) -> tuple[list[Any], DataFile]:
    opened = scan(path, kind=kind)
    rows: list[TrainingRow | PreferenceRow] = []
    mistakes: list[str] = []
    for row in opened:
        if isinstance(row, Refused):
            mistakes += [f"{row.where}: {row.reason}"] if row.is_mistake else []
            continue
        rows.append(row)
        if len(rows) == limit:
            break
    if mistakes:
        raise HarnessError(*shortened(mistakes))
    if not rows:
        raise HarnessError(f"{path}: {_nothing(opened)}")
    digest = hashlib.sha256(opened.content).hexdigest()
    shape = opened.shape
    assert shape is not None
    file = DataFile(str(path), digest, len(rows), str(shape), opened.left_out, dict(opened.reasons))
    return rows, file


def _nothing(opened: Scan) -> str:
    if opened.left_out:
        return f"none of its {opened.left_out:,} rows is an example to imitate"
    return "holds no rows, write one JSON object on each line"


def _no_shape(value: Mapping[str, Any], kind: Kind | None) -> str:
    keys = ", ".join(sorted(value)) or "none"
    if kind != "preferences":
        return f"needs prompt and completion, or messages; found the keys: {keys}"
    missing = next(key for key in ("prompt", "chosen", "rejected") if key not in value)
    return f"needs prompt, chosen and rejected, has no {missing}; found the keys: {keys}"


def _is_false(label: Any) -> bool:
    return label is False or (isinstance(label, str) and label.strip().lower() == "false")


def shortened(mistakes: list[str]) -> list[str]:
    """The first mistakes, and the number of the others."""
    if len(mistakes) <= MAX_MISTAKES:
        return mistakes
    return [*mistakes[:MAX_MISTAKES], f"... and {len(mistakes) - MAX_MISTAKES} rows more"]
