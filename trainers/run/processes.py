"""Reads from the environment which of several processes of one training this is.

``torchrun``, ``accelerate launch`` and Ray's TorchTrainer set the same variables.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from harness.core.errors import HarnessError

HOW = "start them with: torchrun --nproc-per-node {count} -m harness train RECIPE"
NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
"""Variables that the libraries read, too."""
_ADDRESS = ("MASTER_ADDR", "MASTER_PORT")
_OTHER_COUNTS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
"""Set by MPI's launchers, which say nothing of an address."""
_SHARDING = {"ACCELERATE_USE_FSDP": "FSDP", "ACCELERATE_USE_DEEPSPEED": "DeepSpeed"}


FAILED = 2
"""Exit code of a process whose error another one says."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of one training, and the place of this one among them."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    """The place among those on this machine."""
    local_count: int = 1
    """Processes on this machine."""


def processes_here() -> Processes:
    """The processes that a launcher has started; a single one where none has.

    Raises:
        HarnessError: the launcher started several that do not know of each other, or wants the base
            split among them.
    """
    environment = os.environ
    for name, what in _SHARDING.items():
        if environment.get(name, "").lower() in ("1", "true"):
            raise HarnessError(
                f"{name} is set, but each process holds the whole base: start without {what} "
                "(docs/scale.md)"
            )
    counts = [_number(environment, name) for name in _OTHER_COUNTS]
    count = _number(environment, "WORLD_SIZE") or max(filter(None, counts), default=1)
    if count == 1:
        return Processes()
    missing = [n for n in ("RANK", "WORLD_SIZE", *_ADDRESS) if not environment.get(n)]
    if missing:
        raise HarnessError(
            f"one of {count} processes that do not know of each other ({', '.join(missing)} not "
            f"set): {HOW.format(count=count)}"
        )
    rank = _number(environment, "RANK") or 0
    if rank >= count:
        raise HarnessError(f"RANK is {rank} of WORLD_SIZE {count}: {HOW.format(count=count)}")
    local = _number(environment, "LOCAL_RANK")
    return Processes(
        rank,
        count,
        rank if local is None else local,
        _number(environment, "LOCAL_WORLD_SIZE") or count,
    )


def take_own_device(processes: Processes) -> None:
    """Show this process one GPU, its own, before CUDA is asked for any.

    Each process opens the base on the first GPU that it sees.
    """
    if processes.count == 1:
        return
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = visible.split(",") if visible else None
    if devices is None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(processes.local_rank)
    elif len(devices) > 1:
        own = devices[processes.local_rank : processes.local_rank + 1]
        os.environ["CUDA_VISIBLE_DEVICES"] = own[0] if own else ""


@contextmanager
def said_once(processes: Processes) -> Iterator[None]:
    """Leave an error to the first process of this machine, which has it, too.

    Raises:
        SystemExit: in its place, in the others.
    """
    try:
        yield
    except HarnessError:
        if processes.local_rank == 0:
            raise
        raise SystemExit(FAILED) from None


def _number(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name, "")
    if not text:
        return None
    if not text.isdecimal():
        raise HarnessError(f"{name} is {text!r:.40}, a launcher sets it to a number")
    return int(text)
