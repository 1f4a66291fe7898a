"""The most memory that this process may have, and the errors that say there is none left."""

import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from harness.machine import memory


@pytest.mark.parametrize(("limit", "found"), [("1000000", 1_000_000), ("max", None), (None, None)])
def test_a_containers_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, found: int | None
) -> None:
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    assert memory.memory_limit_bytes() == (found or psutil.virtual_memory().total)


def test_torchs_cpu_allocator_says_that_memory_is_out_in_a_runtime_error() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert memory.is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("the prompt asks what out of memory means"), False),
    ],
)
def test_errors_that_mean_there_is_no_memory_left(error: Exception, expected: bool) -> None:
    assert memory.is_out_of_memory(error) is expected


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A GPU with 4 GB free, of which torch's allocator has taken 3 GB besides and uses 1."""
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        max_memory_allocated=lambda device: 820_000 + (device.index or 0),
        mem_get_info=lambda device: (4_000_000_000, 80_000_000_000),
        memory_reserved=lambda device: 3_000_000_000,
        memory_allocated=lambda device: 1_000_000_000,
    )
    found = SimpleNamespace(cuda=cuda, device=torch.device)
    monkeypatch.setitem(sys.modules, "torch", found)  # type: ignore[arg-type]
    return cuda


@pytest.mark.parametrize("device", ["cpu", None, "mps"])
def test_the_peak_of_a_model_on_the_cpu_is_resident_also_where_a_gpu_was_touched(
    gpu: SimpleNamespace, device: str | None
) -> None:
    found = memory.peak_memory_mb(device)
    assert found == pytest.approx(memory.peak_resident_bytes() / 1e6, rel=0.1)
    assert found > 10


def test_the_peak_of_a_model_on_a_gpu_is_the_allocators_on_that_gpu(gpu: SimpleNamespace) -> None:
    assert memory.peak_memory_mb("cuda:0") == 0.82
    assert memory.peak_memory_mb("cuda:3") == 0.820003
    gpu.is_initialized = lambda: False
    assert memory.peak_memory_mb("cuda:0") > 10


def test_what_torchs_allocator_keeps_for_itself_on_a_gpu_is_free(gpu: SimpleNamespace) -> None:
    assert memory.available_bytes(torch.device("cuda")) == 6_000_000_000
    assert memory.available_mb("cuda:0") == 6_000.0
