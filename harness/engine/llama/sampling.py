"""Takes a token from a row of logits, with numpy: the same order of steps as transformers has.

Repetition penalty, temperature, top-k, top-p, then a draw from the row's own generator. What is
drawn depends on the row's logits and seed alone, never on its neighbours.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.plan import Sampling
from harness.engine.row import Row

Logits = npt.NDArray[np.float32]


class LlamaPicker:
    """Takes one token for each row: the likeliest, or a random one from the row's own seed."""

    def __init__(self, sampling: Sampling, rows: Sequence[Row]) -> None:
        self.sampling = sampling
        # Greedily nothing is drawn, and numpy imports its generators when they are first used.
        drawing = rows if sampling.temperature > 0 else ()
        self.generators = {
            id(row): np.random.Generator(np.random.PCG64(row.seed)) for row in drawing
        }

    def __call__(self, logits: Logits, rows: Sequence[Row]) -> list[int]:
        """``logits``: ``[rows, vocabulary]``. Of equal ones the first wins, as in torch."""
        if self.sampling.temperature == 0 and self.sampling.repetition_penalty == 1.0:
            picked: list[int] = logits.argmax(-1).tolist()
            return picked
        return [self._pick(logits[i], row) for i, row in enumerate(rows)]

    def _pick(self, logits: Logits, row: Row) -> int:
        if self.sampling.repetition_penalty != 1.0:
            logits = penalized(logits, row, self.sampling.repetition_penalty)
        if self.sampling.temperature == 0:
            return int(logits.argmax())
        ids, shares = candidates(logits, self.sampling)
        return int(ids[_drawn(shares, self.generators[id(row)])])


def penalized(logits: Logits, row: Row, penalty: float) -> Logits:
    """Over prompt and answer: what was there is made less likely, however often it was there."""
    seen = np.unique(np.array(row.prompt + row.token_ids))
    logits = logits.copy()
    logits[seen] = np.where(logits[seen] < 0, logits[seen] * penalty, logits[seen] / penalty)
    return logits


def candidates(
    logits: Logits, sampling: Sampling
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The ids that may be drawn, ascending, and their shares, which add up to 1."""
    ids = np.arange(len(logits))
    scaled = logits.astype(np.float64) / sampling.temperature
    if 0 < sampling.top_k < len(logits):
        least = np.partition(scaled, -sampling.top_k)[-sampling.top_k]
        ids = np.flatnonzero(scaled >= least)
    shares = np.exp(scaled[ids] - scaled[ids].max())
    shares /= shares.sum()
    if sampling.top_p < 1:
        kept = _nucleus(shares, sampling.top_p)
        ids, shares = ids[kept], shares[kept] / shares[kept].sum()
    return ids, shares


def _nucleus(shares: npt.NDArray[np.float64], top_p: float) -> npt.NDArray[np.int64]:
    """Which of the shares stay: from below, those are dropped that make up ``1 - top_p``.

    Shares below ``(1 - top_p) / n`` cannot make up more than that, however many they are, so that
    only the few above it have to be sorted.
    """
    rest = 1 - top_p
    large = np.flatnonzero(shares > rest / len(shares))
    if not len(large):
        return np.array([shares.argmax()])
    ascending = large[np.argsort(shares[large], kind="stable")]
    below = shares.sum() - shares[large].sum()
    stays = below + np.cumsum(shares[ascending]) > rest
    # The likeliest stays whatever top_p is, as in transformers.
    stays[-1] = True
    return np.sort(ascending[stays])


def _drawn(shares: npt.NDArray[np.float64], generator: Any) -> int:
    """An index, drawn by its share: the inverse of the cumulated shares at a random place."""
    cumulated = np.cumsum(shares)
    place = np.searchsorted(cumulated, generator.random() * cumulated[-1], side="right")
    return min(int(place), len(shares) - 1)
