"""Samples a token from a row of logits with numpy, in the order of transformers' processors.

Repetition penalty, temperature, top-k, top-p, then a draw from the row's own generator. The drawn
token depends only on the row's logits and seed, not on other rows.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.plan import Sampling
from harness.engine.row import Row, Score

Logits = npt.NDArray[np.float32]


class LlamaPicker:
    """Picks one token for each row: the likeliest, or a random one from the row's own seed."""

    def __init__(self, sampling: Sampling | None) -> None:
        """``sampling``: that of all rows; ``None``: each has its own."""
        self.sampling = sampling

    def __call__(self, logits: Logits, rows: Sequence[Row]) -> list[int]:
        """``logits``: ``[rows, vocabulary]``. The first of equal logits wins, as in torch."""
        samplings = [self.sampling or row.sampling for row in rows]
        if all(s.temperature == 0 and s.repetition_penalty == 1.0 for s in samplings):
            picked: list[int] = logits.argmax(-1).tolist()
            return picked
        return [_picked(*both) for both in zip(logits, rows, samplings, strict=True)]


def note_scores(logits: Logits, tokens: Sequence[int], rows: Sequence[Row]) -> None:
    """Append each picked token's score to the rows that ask for it; ``logits`` are the model's
    own, ``[rows, vocabulary]``."""
    for own, token, row in zip(logits, tokens, rows, strict=True):
        if row.scores is not None:
            row.scores.append(_score(own, token))


def _score(logits: Logits, token: int) -> Score:
    top = logits.max()
    total = float(top) + math.log1p(np.exp(logits - top).sum() - 1)
    picked = float(logits[token])
    logits[token] = -np.inf
    runner_up = int(logits.argmax())
    logits[token] = picked
    return Score(picked - total, runner_up, float(logits[runner_up]) - total)


def _picked(logits: Logits, row: Row, sampling: Sampling) -> int:
    if sampling.repetition_penalty != 1.0:
        logits = penalized(logits, row, sampling.repetition_penalty)
    if sampling.temperature == 0:
        return int(logits.argmax())
    ids, probabilities = candidates(logits, sampling)
    if row.generator is None:
        row.generator = np.random.Generator(np.random.PCG64(row.seed))
    return int(ids[_draw(probabilities, row.generator)])


def penalized(logits: Logits, row: Row, penalty: float) -> Logits:
    """Apply the repetition penalty once to every token of the prompt and the answer."""
    seen = np.unique(np.array(row.prompt + row.token_ids))
    logits = logits.copy()
    logits[seen] = np.where(logits[seen] < 0, logits[seen] * penalty, logits[seen] / penalty)
    return logits


def candidates(
    logits: Logits, sampling: Sampling
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The ids that may be drawn, ascending, and their probabilities, which sum to 1."""
    ids = np.arange(len(logits))
    scaled = logits.astype(np.float64) / sampling.temperature
    if 0 < sampling.top_k < len(logits):
        least = np.partition(scaled, -sampling.top_k)[-sampling.top_k]
        ids = np.flatnonzero(scaled >= least)
    probabilities = np.exp(scaled[ids] - scaled[ids].max())
    probabilities /= probabilities.sum()
    if sampling.top_p < 1:
        kept = _nucleus(probabilities, sampling.top_p)
        ids, probabilities = ids[kept], probabilities[kept] / probabilities[kept].sum()
    return ids, probabilities


def _nucleus(probabilities: npt.NDArray[np.float64], top_p: float) -> npt.NDArray[np.int64]:
    """Indices that top-p keeps: the smallest probabilities that sum to ``1 - top_p`` are dropped.

    Probabilities below ``(1 - top_p) / n`` cannot sum to more than that, so only the larger ones
    are sorted.
    """
    rest = 1 - top_p
    large = np.flatnonzero(probabilities > rest / len(probabilities))
    if not len(large):
        return np.array([probabilities.argmax()])
    ascending = large[np.argsort(probabilities[large], kind="stable")]
    below = probabilities.sum() - probabilities[large].sum()
    stays = below + np.cumsum(probabilities[ascending]) > rest
    # The likeliest token is always kept, as in transformers.
    stays[-1] = True
    return np.sort(ascending[stays])


def _draw(probabilities: npt.NDArray[np.float64], generator: Any) -> int:
    """An index, drawn by its share: the inverse of the cumulated shares at a random place."""
    cumulated = np.cumsum(probabilities)
    place = np.searchsorted(cumulated, generator.random() * cumulated[-1], side="right")
    return min(int(place), len(probabilities) - 1)
