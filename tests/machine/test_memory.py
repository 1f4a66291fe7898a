"""The most memory that this process may have, and the errors that say there is none left."""

from pathlib import Path

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
