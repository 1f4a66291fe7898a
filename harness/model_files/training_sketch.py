"""The sketch of the rows that an adapter was trained on, beside it: hashes that tell which of a
task's cases were among them, long after the rows are gone.

The user's words of a prompt are compared in three ways: exact, normalised (NFKC, case folded, words
alone) and by n-grams. N-grams that many prompts share are the task's template and say nothing: of
1,600 rows over a task's template, 5-grams with the template in them flag all. The sketch is read as
hostile input.
"""

import hashlib
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from harness.files.strict_json import UnreadableFile

FILE = "training_rows.npz"
SCHEMA_VERSION = 1
GRAM_WORDS = 3
TEMPLATE_SHARE = 0.05
"""An n-gram in a larger share of the cases, or of the rows, is the template's."""
MOSTLY = 0.75
"""A row with this share of a case's n-grams is its near-duplicate."""
ONE_WORD = 0.5
"""So is a row with this share, where no more n-grams are missing than one other word takes away."""
LEAST_GRAMS = 3
"""N-grams that a case and a row must share at least: fewer are a coincidence."""
LEAST_INNER = 2
"""Of these, n-grams that lie between the parts of the template, where the text has so many."""
ROW_GRAMS = 256
"""N-grams kept of a row, those with the smallest hashes: of a longer row a uniform sample."""
MAX_BYTES = 1_000_000_000
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Characters of scripts without blanks between words; each counts as a word."""
_LETTERS = rf"[^\W{_ALONE}]+"
_WORD = re.compile(rf"[{_ALONE}]|{_LETTERS}")
_TOKEN = re.compile(rf"[{_ALONE}]|{_LETTERS}(?:[^\w\s]+{_LETTERS})*")
"""What blanks separate, without the punctuation around it: a date is one token, not three words."""
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)

Hashes = NDArray[np.uint64]
Likeness = Literal["exact", "normalised", "near"]


@dataclass(frozen=True, slots=True)
class TrainedCase:
    """One of the texts that were looked for, and the training rows that are like it."""

    index: int
    """Of the text among those looked for."""
    rows: tuple[int, ...]
    """Indices of the rows among the trained ones, the most alike first."""
    likeness: Likeness
    """Of the first row."""


@dataclass(frozen=True, slots=True)
class TrainingSketch:
    """Hashes of the texts of training rows."""

    exact: Hashes
    """One for each row."""
    normalised: Hashes
    """One for each row."""
    grams: Hashes
    """Distinct n-grams, row after row, ascending in each."""
    ends: NDArray[np.int64]
    """End of each row's n-grams in ``grams``."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "TrainingSketch":
        """The sketch of rows with these user's texts."""
        grams = [_grams(text)[:ROW_GRAMS] for text in texts]
        return cls(
            exact=_array([_hash(text) for text in texts]),
            normalised=_array([_hash(normalised(text)) for text in texts]),
            grams=np.concatenate([_array([]), *grams]),
            ends=np.cumsum([len(own) for own in grams], dtype=np.int64),
        )

    def write(self, file: IO[bytes]) -> None:
        np.savez_compressed(
            file,
            version=np.array([SCHEMA_VERSION]),
            exact=self.exact,
            normalised=self.normalised,
            grams=self.grams,
            ends=self.ends,
        )

    def grams_of(self, row: int) -> Hashes:
        return self.grams[self.ends[row - 1] if row else 0 : self.ends[row]]


def read_sketch(path: Path) -> TrainingSketch:
    """The sketch in a file.

    Raises:
        UnreadableFile: it is damaged, or of an unknown version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise UnreadableFile("is too large")
        with np.load(path, allow_pickle=False) as arrays:
            if arrays["version"].tolist() != [SCHEMA_VERSION]:
                raise UnreadableFile("is of an unknown version")
            sketch = TrainingSketch(
                arrays["exact"], arrays["normalised"], arrays["grams"], arrays["ends"]
            )
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile, SyntaxError) as error:
        raise UnreadableFile(f"is no sketch of training rows ({type(error).__name__})") from None
    if not _is_sound(sketch):
        raise UnreadableFile("is no sketch of training rows")
    return sketch


def _is_sound(sketch: TrainingSketch) -> bool:
    hashes = (sketch.exact, sketch.normalised, sketch.grams)
    return (
        all(a.ndim == 1 and a.dtype == np.uint64 for a in hashes)
        and sketch.ends.dtype == np.int64
        and sketch.ends.shape == sketch.exact.shape == sketch.normalised.shape
        and bool((np.diff(sketch.ends, prepend=0) >= 0).all())
        and (int(sketch.ends[-1]) if sketch.ends.size else 0) == sketch.grams.size
    )


def trained_cases(
    sketch: TrainingSketch, texts: Sequence[str], template: Sequence[str] = ()
) -> list[TrainedCase]:
    """The texts that are like a training row, in their order.

    Args:
        template: parts of the prompt that all texts share, where they are known.
    """
    found: dict[int, dict[int, Likeness]] = {}
    for index, row, likeness in (
        *_equal(sketch.exact, [_hash(text) for text in texts], "exact"),
        *_equal(sketch.normalised, [_hash(normalised(text)) for text in texts], "normalised"),
        *_near(sketch, texts, template),
    ):
        found.setdefault(index, {}).setdefault(row, likeness)
    return [TrainedCase(i, tuple(r), next(iter(r.values()))) for i, r in sorted(found.items())]


def normalised(text: str) -> str:
    """The words of a text, without case, punctuation and forms of Unicode that look alike."""
    return " ".join(_WORD.findall(_folded(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _equal(
    rows: Hashes, wanted: Sequence[int], likeness: Likeness
) -> Iterator[tuple[int, int, Likeness]]:
    wanted_at: dict[int, list[int]] = {}
    for index, value in enumerate(wanted):
        wanted_at.setdefault(value, []).append(index)
    for row in np.flatnonzero(np.isin(rows, _array(sorted(wanted_at)))).tolist():
        for index in wanted_at[int(rows[row])]:
            yield index, row, likeness


def _near(
    sketch: TrainingSketch, texts: Sequence[str], template: Sequence[str]
) -> Iterator[tuple[int, int, Likeness]]:
    """Texts of which a row has enough n-grams, of which ``LEAST_INNER`` must not reach into the
    template: those that do hold no more than a word or two of the text."""
    telling = _without_template([_grams(text) for text in texts], sketch, template)
    between = [_grams_between(text, template) for text in texts]
    inner = dict(_shared(sketch, _owners(between)))
    for row, shared in _shared(sketch, _owners(telling)):
        kept = sketch.grams_of(row)
        is_sample = len(kept) >= ROW_GRAMS
        for index, count in shared.items():
            grams = telling[index]
            comparable = int((grams <= kept[-1]).sum()) if is_sample else len(grams)
            has_inner = inner.get(row, Counter())[index] >= min(LEAST_INNER, len(between[index]))
            if has_inner and count >= LEAST_GRAMS and _is_near(count, comparable, is_sample):
                yield index, row, "near"


def _owners(texts: Sequence[Hashes]) -> dict[int, list[int]]:
    """The indices of the texts that have each n-gram."""
    owners: dict[int, list[int]] = {}
    for index, grams in enumerate(texts):
        for gram in grams.tolist():
            owners.setdefault(gram, []).append(index)
    return owners


def _is_near(shared: int, wanted: int, is_sample: bool) -> bool:
    has_one_other_word = not is_sample and wanted - shared <= GRAM_WORDS
    return shared >= MOSTLY * wanted or (has_one_other_word and shared >= ONE_WORD * wanted)


def _without_template(
    texts: Sequence[Hashes], sketch: TrainingSketch, template: Sequence[str]
) -> list[Hashes]:
    common = {g for part in template for g in _grams(part).tolist()}
    counted = Counter(gram for grams in texts for gram in grams.tolist())
    most = max(1, TEMPLATE_SHARE * len(texts))
    common |= {gram for gram, count in counted.items() if count > most}
    in_rows, counts = np.unique(sketch.grams, return_counts=True)
    common |= set(in_rows[counts > max(1, TEMPLATE_SHARE * len(sketch.exact))].tolist())
    dropped = _array(sorted(common))
    return [grams[~np.isin(grams, dropped)] for grams in texts]


def _shared(
    sketch: TrainingSketch, owners: Mapping[int, Sequence[int]]
) -> Iterator[tuple[int, Counter[int]]]:
    """Rows with the number of n-grams that each shares with a text, by the text's index."""
    hits = np.flatnonzero(np.isin(sketch.grams, _array(sorted(owners))))
    rows = np.searchsorted(sketch.ends, hits, side="right")
    counted: dict[int, Counter[int]] = {}
    for row, gram in zip(rows.tolist(), sketch.grams[hits].tolist(), strict=True):
        counted.setdefault(row, Counter()).update(owners[gram])
    yield from counted.items()


def _grams(text: str) -> Hashes:
    """Hashes of the distinct n-grams of a text's tokens, ascending."""
    tokens = _TOKEN.findall(_folded(text))
    if len(tokens) < GRAM_WORDS:
        return _array([])
    hashes = _array([_hash(token) for token in tokens])
    count = len(tokens) - GRAM_WORDS + 1
    parts = (hashes[i : i + count] * factor for i, factor in enumerate(_FACTORS))
    return np.unique(np.bitwise_xor.reduce([part ^ (part >> np.uint64(29)) for part in parts]))


def _grams_between(text: str, template: Sequence[str]) -> Hashes:
    """The n-grams of the pieces of a text between the parts of its template."""
    pieces = [text]
    for part in filter(str.strip, template):
        pieces = [between for piece in pieces for between in piece.split(part)]
    return np.unique(np.concatenate([_array([]), *map(_grams, pieces)]))


@lru_cache(maxsize=100_000)
def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _array(values: Sequence[int]) -> Hashes:
    return np.array(values, np.uint64)
