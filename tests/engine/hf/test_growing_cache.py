"""A growing layer holds what transformers' own layer would, in tensors that are not copied."""

import pytest
import torch
from transformers.cache_utils import DynamicLayer

from harness.engine.hf.growing_cache import (
    RESERVED_COLUMNS,
    GrowingLayer,
    growing_cache,
    keep_rows,
)
from tests.models import random_lfm2, random_mistral, random_qwen2


def states(columns: int, rows: int = 5) -> list[torch.Tensor]:
    """Keys and values of other widths, as of multi-head latent attention."""
    return [torch.randn(rows, 2, columns, width) for width in (4, 6)]


def test_what_attention_reads_is_what_the_concatenating_layer_gives_it():
    torch.manual_seed(0)
    ours, plain = GrowingLayer(), DynamicLayer()
    for columns in (7, *[1] * (RESERVED_COLUMNS + 3), 2 * RESERVED_COLUMNS):
        new = states(columns)
        for mine, expected in zip(ours.update(*new), plain.update(*new), strict=True):
            assert torch.equal(mine, expected)
    assert ours.get_seq_length() == plain.get_seq_length()


def test_a_token_copies_no_earlier_one():
    layer = GrowingLayer()
    before = [t.data_ptr() for t in layer.update(*states(3))]
    for _ in range(RESERVED_COLUMNS):
        assert [t.data_ptr() for t in layer.update(*states(1))] == before


def test_keys_that_were_assigned_are_extended():
    layer = GrowingLayer()
    layer.update(*states(3))
    layer.keys, layer.values = assigned = states(9, rows=2)
    new = states(1, rows=2)
    for found, old, more in zip(layer.update(*new), assigned, new, strict=True):
        assert torch.equal(found, torch.cat([old, more], dim=-2))


def test_rows_take_the_places_of_removed_ones():
    layer = GrowingLayer()
    first, second = states(3), states(1, rows=3)
    layer.update(*first)
    cache = growing_cache(random_qwen2().config)
    cache.layers = [layer]
    keep_rows(cache, torch.tensor([0, 4, 2]))
    for found, old, more in zip(layer.update(*second), first, second, strict=True):
        assert torch.equal(found, torch.cat([old[[0, 4, 2]], more], dim=-2))


@pytest.mark.parametrize(
    ("make", "grows"), [(random_qwen2, True), (random_mistral, False), (random_lfm2, True)]
)
def test_layers_of_another_kind_stay_transformers_own(make, grows):
    """Mistral has sliding windows; LFM2 has layers with and without keys."""
    layers = growing_cache(make().config).layers
    assert any(isinstance(layer, GrowingLayer) for layer in layers) == grows
    assert all(type(layer) is not DynamicLayer for layer in layers)
