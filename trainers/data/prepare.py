"""Makes training, validation and test rows of files as people have them.

The same files give the same rows. Nothing that is left out goes unsaid: each such row is kept with
its reason.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import HarnessError
from trainers.data.duplicates import ambiguous, without_near, without_repeats
from trainers.data.reading import Refused, scan
from trainers.data.row_text import Row, user_text
from trainers.data.rows import DataFile
from trainers.data.sensitive import Finding, findings
from trainers.data.shape import Shape
from trainers.data.splits import SPLITS, Shares, Split, split_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows in their splits, and all that was found on the way."""

    files: tuple[DataFile, ...]
    splits: Mapping[Split, Sequence[Row]]
    shares: Shares
    refused: tuple[Refused, ...]
    """Rows that are no examples to imitate, or wrong."""
    duplicates: tuple[Refused, ...]
    near: tuple[Refused, ...]
    """Training and validation rows that are nearly a held-out one."""
    sensitive: tuple[Refused, ...]
    """Rows left out since they look sensitive; only where that was asked for."""
    findings: tuple[Finding, ...]
    """Of the rows that are left, or were left out for them."""
    ambiguous: int
    """Rows whose prompt another row answers otherwise."""

    @property
    def rejected(self) -> tuple[Refused, ...]:
        """Every row that is in no split."""
        return (*self.refused, *self.duplicates, *self.near, *self.sensitive)

    @property
    def kinds(self) -> Counter[tuple[bool, str]]:
        """Rows by what was found in them; secrets first where sorted in reverse."""
        return Counter((finding.is_secret, finding.kind) for finding in self.findings)


def prepare(
    paths: Sequence[Path],
    shape: Shape | None = None,
    shares: Shares | None = None,
    *,
    drops_sensitive: bool = False,
) -> Prepared:
    """Read files and split their rows.

    Args:
        shape: of the rows of all files; found in each where ``None``.
        drops_sensitive: leave out rows in which secrets or personal data are found.

    Raises:
        HarnessError: a file cannot be read, the files hold examples and preferences, or no row is
            left.
    """
    shares = shares or Shares()
    rows, refused, files = read_files(paths, shape)
    rows, duplicates = without_repeats(rows)
    found = [finding for row in rows for finding in findings(row)]
    sensitive: list[Refused] = []
    if drops_sensitive:
        rows, sensitive = _without_sensitive(rows, found)
    splits, near = _split(rows, shares)
    if not splits["train"]:
        raise HarnessError(*_nothing_left(paths, refused))
    return Prepared(
        files=tuple(files),
        splits=splits,
        shares=shares,
        refused=tuple(refused),
        duplicates=tuple(duplicates),
        near=tuple(near),
        sensitive=tuple(sensitive),
        findings=tuple(found),
        ambiguous=len(ambiguous(rows)),
    )


def read_files(
    paths: Sequence[Path], shape: Shape | None = None
) -> tuple[list[Row], list[Refused], list[DataFile]]:
    """The rows of all files, those that are not trained on, and what the files are.

    Raises:
        HarnessError: a line for each file that cannot be read; or the files hold examples and
            preferences.
    """
    rows: list[Row] = []
    refused: list[Refused] = []
    files: list[DataFile] = []
    mistakes: list[str] = []
    kinds = set()
    for path in paths:
        try:
            opened = scan(path, shape)
            found = [*opened]
        except HarnessError as error:
            mistakes += error.mistakes
            continue
        sound = [row for row in found if not isinstance(row, Refused)]
        rows += sound
        refused += [row for row in found if isinstance(row, Refused)]
        kinds |= {opened.shape.kind} if opened.shape else set()
        digest = hashlib.sha256(opened.content).hexdigest()
        title = str(opened.shape or "no known shape")
        left_out = (opened.left_out, dict(opened.reasons))
        files.append(DataFile(str(path), digest, len(sound), title, *left_out))
    if len(kinds) > 1:
        mistakes.append("the files hold examples and preferences, prepare each by itself")
    if mistakes:
        raise HarnessError(*mistakes)
    return rows, refused, files


def _without_sensitive(
    rows: Sequence[Row], found: Sequence[Finding]
) -> tuple[list[Row], list[Refused]]:
    """The rows in which nothing was found; and the others, without their text."""
    kinds: dict[str, list[str]] = {}
    for finding in found:
        kinds.setdefault(finding.where, []).append(finding.kind)
    dropped = [
        Refused(where, f"looks like it holds: {', '.join(names)}", {}, is_mistake=False)
        for where, names in kinds.items()
    ]
    return [row for row in rows if row.where not in kinds], dropped


def _split(rows: Sequence[Row], shares: Shares) -> tuple[dict[Split, Sequence[Row]], list[Refused]]:
    by_split: dict[Split, list[Row]] = {split: [] for split in SPLITS}
    for row in rows:
        by_split[split_of(user_text(row.prompt), shares)].append(row)
    val, near_test = without_near(by_split["val"], by_split["test"], "test")
    train, near = without_near(by_split["train"], by_split["test"], "test")
    train, near_val = without_near(train, val, "val")
    return {"train": train, "val": val, "test": by_split["test"]}, [*near_test, *near, *near_val]


def _nothing_left(paths: Sequence[Path], refused: Sequence[Refused]) -> list[str]:
    names = ", ".join(map(str, paths))
    shown = [f"{row.where}: {row.reason}" for row in refused[:3]]
    return [f"{names}: no row is left to train on", *shown]
