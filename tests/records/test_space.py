"""The room that a record takes on a disk, which is looked for before a model loads."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.plan import Request, Sampling
from harness.records.space import check_space
from tests.synthetic import record


def test_a_disk_without_room_for_the_prompts_is_found_before_a_model_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [
        Request(s.task, s.case_id, s.messages, Sampling(), timed=bool(i % 2))
        for i, s in enumerate(record(6).samples)
    ]
    least = sum(600 + len(r.messages[0].content) for r in requests if not r.timed)
    usage = namedtuple("usage", ["free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(least))
    check_space(tmp_path / "not" / "there", requests)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(least - 1))
    with pytest.raises(
        HarnessError, match=r"0.0 MB are free, the record takes 0.0 MB at the least"
    ):
        check_space(tmp_path / "not" / "there", requests)
