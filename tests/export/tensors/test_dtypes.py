"""Rounding is torch's: to the nearest, ties to even."""

import numpy as np
import pytest
import torch

from harness.core.errors import HarnessError
from harness.export.tensors import dtypes
from harness.export.tensors.dtypes import converted, from_float32, to_float32

ODD = [0.0, -0.0, 1.0, float("inf"), -float("inf"), 1e-45, 1e-39, 3.4e38, 1 + 2**-8, 1 + 3 * 2**-9]


def values():
    random = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 100
    return torch.cat([torch.tensor(ODD), random])


def test_bfloat16_is_rounded_as_torch_rounds():
    found = from_float32(values().numpy(), "BF16", "x")
    assert np.array_equal(found, values().bfloat16().view(torch.uint16).numpy())
    assert np.array_equal(to_float32(found, "BF16"), values().bfloat16().float().numpy())


def test_a_nan_stays_one():
    assert np.isnan(to_float32(from_float32(np.float32([np.nan]), "BF16", "x"), "BF16")).all()


def test_float16_is_rounded_as_torch_rounds():
    small = values()[values().abs() < 60_000]
    found = from_float32(small.numpy(), "F16", "x")
    assert np.array_equal(found, small.half().numpy())


def test_what_does_not_fit_into_float16_is_refused_and_not_made_infinite():
    with pytest.raises(HarnessError, match=r"blk.0.x: holds values beyond float16"):
        from_float32(np.float32([1.0, 1e6]), "F16", "blk.0.x")


@pytest.mark.parametrize("wanted", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("shape", [(7,), (5, 9), (1, 64)])
def test_slabs_make_no_difference(wanted, shape, monkeypatch):
    given = np.random.default_rng(0).standard_normal(shape, np.float32)
    whole = converted(given, "F32", wanted, "x")
    monkeypatch.setattr(dtypes, "SLAB_NUMEL", 10)
    assert np.array_equal(converted(given, "F32", wanted, "x"), whole)
    assert converted(given.T, "F32", wanted, "x").flags.c_contiguous
