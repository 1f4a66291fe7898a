"""CPU threads of a training: those asked for, else one for each physical core."""

import pytest

from trainers.model import base
from trainers.model.base import set_threads


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(base.torch, "set_num_threads", found.append)
    monkeypatch.setattr(base, "usable_cores", lambda: 3)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return found


def test_one_thread_for_each_physical_core(told: list[int]) -> None:
    set_threads(None)
    assert told == [3]


def test_the_environment_takes_precedence_over_the_cores(
    told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    set_threads(None)
    assert told == []


def test_the_recipe_takes_precedence_over_both(
    told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    set_threads(5)
    assert told == [5]


@pytest.mark.parametrize(("environment", "threads"), [(None, [4]), ("1", [4]), ("2", [])])
def test_processes_of_one_training_share_the_cores(
    monkeypatch: pytest.MonkeyPatch, told: list[int], environment: str | None, threads: list[int]
) -> None:
    """``OMP_NUM_THREADS=1`` is torchrun's where the user has set nothing."""
    monkeypatch.setattr(base, "usable_cores", lambda: 9)
    if environment:
        monkeypatch.setenv("OMP_NUM_THREADS", environment)
    set_threads(None, processes=2)
    assert told == threads
