"""Sampling with numpy against transformers' own logits processors."""

from collections import Counter

import numpy as np
import pytest
import torch
from transformers.generation import logits_process as processors

from harness.core.plan import Sampling
from harness.engine.llama.sampling import LlamaPicker, candidates, penalized
from harness.engine.row import Row

SAMPLINGS = [
    Sampling(temperature=0.7),
    Sampling(temperature=1.3, top_k=5),
    Sampling(temperature=1.0, top_p=0.9),
    Sampling(temperature=0.5, top_p=0.3),
    Sampling(temperature=1.0, top_p=0.0),
    Sampling(temperature=2.0, top_k=40, top_p=0.8),
    Sampling(temperature=1.0, top_k=10_000, top_p=0.999),
]


def logits_of(seed: int, width: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, width).astype(np.float32)


def shares_in_transformers(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """The distribution of transformers' processors, in the order in which ``generate`` has them."""
    found = torch.from_numpy(logits[None].copy())
    found = processors.TemperatureLogitsWarper(sampling.temperature)(None, found)
    if sampling.top_k:
        found = processors.TopKLogitsWarper(sampling.top_k)(None, found)
    if sampling.top_p < 1:
        found = processors.TopPLogitsWarper(sampling.top_p)(None, found)
    return found.softmax(-1)[0].numpy()


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=repr)
@pytest.mark.parametrize("seed", range(5))
def test_the_shares_are_those_of_transformers(sampling, seed):
    logits = logits_of(seed)
    ids, probabilities = candidates(logits, sampling)
    ours = np.zeros(len(logits))
    ours[ids] = probabilities
    theirs = shares_in_transformers(logits, sampling)
    assert np.array_equal(ours > 0, theirs > 0)
    assert np.allclose(ours, theirs, atol=1e-6)


def test_equal_logits_are_all_kept_by_top_k_and_the_shares_stay_equal():
    ids, probabilities = candidates(np.zeros(6, np.float32), Sampling(temperature=1.0, top_k=2))
    assert ids.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.allclose(probabilities, 1 / 6)


@pytest.mark.parametrize("penalty", [1.3, 0.8])
def test_a_penalty_is_that_of_transformers(penalty):
    row = Row([5, 9, 5, 200], 0, 10, token_ids=[7, 9])
    seen = torch.tensor([row.prompt + row.token_ids])
    theirs = processors.RepetitionPenaltyLogitsProcessor(penalty)(
        seen, torch.from_numpy(logits_of(0)[None].copy())
    )
    assert np.allclose(penalized(logits_of(0), row, penalty), theirs[0].numpy(), rtol=1e-6)


def test_of_equal_logits_the_first_is_the_likeliest_as_in_torch():
    logits = np.array([[1, 3, 3, 0], [2, 2, 2, 2]], np.float32)
    rows = [Row([1], 0, 1), Row([2], 0, 1)]
    assert LlamaPicker(Sampling())(logits, rows) == [1, 0]
    assert torch.from_numpy(logits).argmax(-1).tolist() == [1, 0]


def test_a_draw_depends_on_the_rows_seed_alone():
    sampling = Sampling(temperature=1.0)
    rows = [Row([1], seed, 9) for seed in (7, 8, 9)]
    logits = np.stack([logits_of(0)] * 3)
    pick, alone = LlamaPicker(sampling), [Row([1], 8, 9)]
    both = [pick(logits, rows) for _ in range(5)]
    assert [step[1] for step in both] == [pick(logits[:1], alone)[0] for _ in range(5)]
    assert [step[0] for step in both] != [step[1] for step in both]


def test_tokens_are_drawn_as_often_as_their_shares_say():
    """4,000 draws of shares 0.6, 0.3, 0.1: four standard errors are at most 0.031."""
    logits = np.log(np.array([0.6, 0.3, 0.1], np.float32))
    rows = [Row([1], seed, 1) for seed in range(4_000)]
    drawn = Counter(LlamaPicker(Sampling(temperature=1.0))(np.stack([logits] * 4_000), rows))
    for token, share in enumerate((0.6, 0.3, 0.1)):
        assert drawn[token] / 4_000 == pytest.approx(share, abs=0.031)
