"""The launcher's variables say which of several processes of one training this is."""

import os

import pytest

from harness.core.errors import HarnessError
from trainers.run.processes import (
    FAILED,
    NAMES,
    Processes,
    processes_here,
    said_once,
    take_own_device,
)

TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4",
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}  # fmt: skip


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a launcher's variables, to set some in."""
    for name in (*NAMES, "MASTER_ADDR", "MASTER_PORT", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def by(launched: pytest.MonkeyPatch, **variables: str) -> Processes:
    for name, value in variables.items():
        launched.setenv(name, value)
    return processes_here()


def test_without_a_launcher_there_is_one(launched) -> None:
    assert processes_here() == Processes()


def test_one_started_by_a_launcher_is_one(launched) -> None:
    assert by(launched, **{**TORCHRUN, "RANK": "0", "WORLD_SIZE": "1"}) == Processes()


def test_torchrun_says_which_and_how_many(launched) -> None:
    assert by(launched, **TORCHRUN) == Processes(5, 8, 1, 4)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"WORLD_SIZE": "2"}, r"\(RANK, MASTER_ADDR, MASTER_PORT not set\): start them with: "
                              "torchrun --nproc-per-node 2 -m harness train"),
        ({"OMPI_COMM_WORLD_SIZE": "4"}, "one of 4 processes that do not know of each other"),
        ({"PMI_SIZE": "2"}, "one of 2 processes that do not know of each other"),
        ({**TORCHRUN, "RANK": "8"}, "RANK is 8 of WORLD_SIZE 8"),
        ({**TORCHRUN, "RANK": "x"}, "RANK is 'x', a launcher sets it to a number"),
        ({**TORCHRUN, "ACCELERATE_USE_FSDP": "true"}, "start without FSDP"),
        ({"ACCELERATE_USE_DEEPSPEED": "1"}, "start without DeepSpeed"),
    ],
)  # fmt: skip
def test_processes_that_cannot_train_together_are_one_line(launched, variables, said) -> None:
    with pytest.raises(HarnessError, match=said) as refused:
        by(launched, **variables)
    assert len(refused.value.mistakes) == 1


@pytest.mark.parametrize(
    ("visible", "seen"), [(None, "1"), ("4,6,7", "6"), ("GPU-a", "GPU-a"), ("4,", "")]
)
def test_each_process_sees_its_own_gpu(launched, visible, seen) -> None:
    """One that a launcher has given it alone stays; there may be fewer than processes."""
    if visible is not None:
        launched.setenv("CUDA_VISIBLE_DEVICES", visible)
    take_own_device(Processes(1, 3, 1, 3))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


def test_a_single_process_sees_all_gpus(launched) -> None:
    take_own_device(Processes())
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_the_first_process_of_a_machine_says_an_error() -> None:
    with pytest.raises(HarnessError), said_once(Processes(4, 8, 0, 4)):
        raise HarnessError("no such file")
    with pytest.raises(SystemExit) as silent, said_once(Processes(5, 8, 1, 4)):
        raise HarnessError("no such file")
    assert silent.value.code == FAILED
