"""Decides what each worker of a model is given: CPUs, which are its threads, and a GPU."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.errors import HarnessError
from harness.engine.model import EngineSettings
from harness.machine.accelerator import likely_device
from harness.machine.cores import usable_cores


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of a cluster, and what Ray may give away there."""

    address: str
    cpus: int
    gpus: int


@dataclass(frozen=True, slots=True)
class Share:
    """The workers of a model, and what each of them is given."""

    workers: int
    threads: int
    """Threads of a worker, for which it is given as many CPUs."""
    has_gpu: bool
    """True where each worker is given a GPU of its own."""

    def fits(self, nodes: Sequence[Node]) -> bool:
        """True if nodes that do nothing else have room for all workers at once."""
        return sum(map(self._places, nodes)) >= self.workers

    def _places(self, node: Node) -> int:
        places = node.cpus // self.threads
        return min(places, node.gpus) if self.has_gpu else places


def local_share(settings: EngineSettings, workers: int) -> Share:
    """Workers on this machine share its cores, where the user does not say how many threads."""
    threads = settings.threads or max(1, usable_cores() // workers)
    return Share(workers, threads, _has_gpu(settings))


def share_among(nodes: Sequence[Node], settings: EngineSettings, workers: int) -> Share:
    """Workers on a cluster's nodes: as many threads as fit, but one where each has a GPU.

    Raises:
        HarnessError: there is no room for so many, or it is not said whether they use GPUs.
    """
    if settings.device is None and likely_device() == "cpu" and any(n.gpus for n in nodes):
        raise HarnessError(
            "the cluster has GPUs and this machine has none: say --device cuda or --device cpu"
        )
    has_gpu = _has_gpu(settings)
    most = 1 if has_gpu else max((node.cpus for node in nodes), default=1)
    threads = [settings.threads] if settings.threads else range(max(1, most), 0, -1)
    shares = [Share(workers, number, has_gpu) for number in threads]
    fitting = next((share for share in shares if share.fits(nodes)), shares[-1])
    require_room(fitting, nodes)
    return fitting


def require_room(share: Share, nodes: Sequence[Node]) -> None:
    """Raise a HarnessError where the nodes have no room for all workers, even idle."""
    if share.fits(nodes):
        return
    each = f"{share.threads} CPUs" if share.threads > 1 else "a CPU"
    also, instead = (" and a GPU", ", or for --device cpu") if share.has_gpu else ("", "")
    cpus, gpus = sum(node.cpus for node in nodes), sum(node.gpus for node in nodes)
    raise HarnessError(
        f"--workers {share.workers}: each takes {each}{also}, and the cluster has {cpus} CPUs and "
        f"{gpus} GPUs on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}: ask for fewer"
        f"{instead}"
    )


def _has_gpu(settings: EngineSettings) -> bool:
    return (settings.device or likely_device()) == "cuda"
