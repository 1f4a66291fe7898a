"""Compares logits of two models after the same tokens: agreement and margins.

Rows come as the files that ``RemoteModel.logits`` writes: float32, ``[sequences, vocabulary]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.parity.values import FirstStep, StepMismatch, TokenText

MAX_MISMATCHES = 20


@dataclass(frozen=True, slots=True)
class LogitRows:
    """Rows of logits in a file, by key."""

    path: Path
    keys: tuple[Any, ...]
    """The key of each row, in order."""

    def row(self, key: object) -> Any:
        """The logits of one key, ``[vocabulary]``; ValueError where the key is not there."""
        return self.all()[self.keys.index(key)]

    def top_tokens(self) -> list[int]:
        """Id of the likeliest token of each row."""
        return [int(row.argmax()) for row in self.all()] if self.keys else []

    def all(self) -> Any:
        """All rows, memory-mapped from the file."""
        import numpy

        return numpy.load(self.path, mmap_mode="r")


def compare_first_steps(
    before: LogitRows, after: LogitRows, requests: Mapping[str, tuple[str, str]]
) -> FirstStep | None:
    """Compare two models' logits of the first token after the same prompts.

    Rows are by request key, and so are ``requests``: task and case id of each to compare. ``None``
    where no prompt was probed on both. Where padded embeddings make one row wider, the common width
    is compared.
    """
    import numpy

    shared = [key for key in before.keys if key in requests and key in after.keys]
    if not shared:
        return None
    width = min(before.all().shape[1], after.all().shape[1])
    largest, total = 0.0, 0.0
    mismatches: list[StepMismatch] = []
    for key in shared:
        left, right = before.row(key)[:width], after.row(key)[:width]
        differences = numpy.abs(left - right)
        largest = max(largest, _finite(differences.max()))
        total += _finite(differences.mean())
        top, other_top = int(left.argmax()), int(right.argmax())
        if top != other_top:
            mismatches.append(
                StepMismatch(
                    *requests[key],
                    TokenText(top, None),
                    TokenText(other_top, None),
                    margin(left, top),
                    margin(right, other_top),
                )
            )
    agreeing = len(shared) - len(mismatches)
    return FirstStep(
        len(shared), agreeing, largest, total / len(shared), tuple(mismatches[:MAX_MISMATCHES])
    )


def margin(row: Any, token_id: int) -> float:
    """A token's logit minus the largest of all others; below 0 it is not the likeliest."""
    import numpy

    others = numpy.delete(numpy.asarray(row), token_id)
    return _finite(row[token_id] - others.max())


def preference(row: Any, token_id: int, other_id: int) -> float:
    """A token's logit minus another token's."""
    return _finite(row[token_id] - row[other_id])


def _finite(value: Any) -> float:
    """A number that JSON can hold: NaN and infinite logits of a damaged model become ±1e30."""
    number, limit = float(value), 1e30
    return min(max(number, -limit), limit) if number == number else limit
