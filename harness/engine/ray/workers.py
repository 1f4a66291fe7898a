"""Starts the workers of a model on a cluster, and refuses those that would answer otherwise."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.record import ModelRecord
from harness.engine.model import IDENTITY, EngineSettings
from harness.engine.ray.actor import ModelActor, file_hashes, versions
from harness.engine.ray.dispatch import first_line
from harness.engine.ray.room import Share

EQUAL = (*IDENTITY, "dtype", "quantization", "device")
"""Fields of a ModelRecord that must be equal for all workers."""


@dataclass(eq=False)
class RayWorker:
    """An actor of Ray with one copy of a model."""

    actor: Any
    node: str = "a worker"

    def ask(self, method: str, *arguments: object) -> "Future[Any]":
        future: Future[Any] = getattr(self.actor, method).remote(*arguments).future()
        return future

    def end(self) -> None:
        import ray

        ray.kill(self.actor)


def start(share: Share) -> list[RayWorker]:
    """Ask the cluster for the workers. They come up in the background."""
    import ray

    kind = ray.remote(ModelActor).options(
        num_cpus=share.threads,
        num_gpus=int(share.has_gpu),
        max_restarts=0,
        max_task_retries=0,
        scheduling_strategy="SPREAD",
    )
    return [RayWorker(kind.remote()) for _ in range(share.workers)]


def open_all(
    workers: Sequence[RayWorker], ref: ModelRef, settings: EngineSettings, libraries: Sequence[str]
) -> ModelRecord:
    """Open the model in every worker, side by side; returns its record.

    Raises:
        HarnessError: a worker has other versions or files or does not come up, or cannot open the
            model.
    """
    _check_versions(workers, libraries, settings.stall_seconds)
    asked = [str(Path.cwd()), ref, replace(settings, ray=None), _hashes(ref)]
    records: list[ModelRecord] = []
    for worker, opened in _each(workers, "open", *asked):
        if isinstance(opened, str):
            raise HarnessError(f"{worker.node}: {opened}")
        records.append(opened)
    first = records[0]
    for worker, record in zip(workers, records, strict=True):
        if differing := [n for n in EQUAL if getattr(record, n) != getattr(first, n)]:
            names = ", ".join(differing)
            raise HarnessError(f"{worker.node} opens another model than {workers[0].node}: {names}")
    return replace(first, load_seconds=max(r.load_seconds or 0.0 for r in records))


def _check_versions(workers: Sequence[RayWorker], libraries: Sequence[str], seconds: float) -> None:
    """Wait until all workers are up, and name the first that would run other code."""
    wanted = versions(libraries)
    for worker, (node, found) in _each(workers, "facts", [*libraries], seconds=seconds):
        worker.node = node
        if differing := [name for name in wanted if found.get(name) != wanted[name]]:
            said = ", ".join(f"{n} {found.get(n)}, here {wanted[n]}" for n in differing)
            raise HarnessError(f"{node} has other versions: {said}")


def _each(
    workers: Sequence[RayWorker], method: str, *arguments: object, seconds: float | None = None
) -> Iterator[tuple[RayWorker, Any]]:
    """Each worker with its result of a method, which they run side by side."""
    futures = [worker.ask(method, *arguments) for worker in workers]
    late = wait(futures, timeout=seconds).not_done
    if late:
        raise HarnessError(
            f"{len(late)} of {len(workers)} workers did not come up within {seconds:g} s: the "
            "cluster is busy, ask for fewer, or wait longer with --stall-seconds"
        )
    for worker, future in zip(workers, futures, strict=True):
        if error := future.exception():
            raise HarnessError(f"{worker.node}: {first_line(error)}")
        yield worker, future.result()


def _hashes(ref: ModelRef) -> list[tuple[str, str]]:
    """The hashes of the model's files on this machine, which may have none of them."""
    try:
        return file_hashes(ref)
    except HarnessError:
        return []
