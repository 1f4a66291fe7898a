"""The most memory that this process may have: the machine's or its container's."""

from pathlib import Path

import psutil
import pytest

from harness.machine import memory


@pytest.mark.parametrize(("limit", "found"), [("1000000", 1_000_000), ("max", None), (None, None)])
def test_a_containers_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, found: int | None
) -> None:
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    assert memory.memory_limit_bytes() == (found or psutil.virtual_memory().total)
