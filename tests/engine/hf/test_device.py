"""The dtype that suits a processor, and a model that may not fit."""

import pytest
import torch

from harness.engine.hf import device
from harness.engine.hf.device import choose_dtype, compute_dtype
from harness.engine.model import EngineSettings
from harness.model_files.weights import count_parameters
from tests.models import TINY_QWEN2

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("dtype", "flags", "expected"),
    [
        (None, "flags : avx512f avx512_bf16", torch.bfloat16),
        (None, "flags : avx512f", torch.float32),
        ("float32", "flags : avx512_bf16", torch.float32),
        ("bfloat16", "flags : avx512f", torch.bfloat16),
    ],
)
def test_it_computes_in_bfloat16_where_the_processor_has_it(
    tmp_path, monkeypatch, dtype, flags, expected
):
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(device, "CPU_FLAGS", tmp_path / "cpuinfo")
    assert compute_dtype(CPU, EngineSettings(dtype=dtype)) is expected


def test_float32_is_chosen_while_it_fits(monkeypatch):
    bytes_needed = 4 * count_parameters(TINY_QWEN2) / device.MEMORY_SHARE
    for free, expected in ((bytes_needed + 1, torch.float32), (bytes_needed, torch.bfloat16)):
        monkeypatch.setattr(device, "available_bytes", lambda _, free=free: free)
        assert choose_dtype(TINY_QWEN2, CPU, EngineSettings()) is expected
