"""What workers are given on the nodes of a cluster."""

import pytest

from harness.core.errors import HarnessError
from harness.engine.model import EngineSettings
from harness.engine.ray import room
from harness.engine.ray.room import Node, Share, local_share, require_room, share_among

NODES = [Node("a", cpus=8, gpus=0), Node("b", cpus=4, gpus=0)]
GPUS = [Node("a", cpus=32, gpus=4), Node("b", cpus=32, gpus=2)]
CPU = EngineSettings(device="cpu")
CUDA = EngineSettings(device="cuda")


@pytest.mark.parametrize(("workers", "threads"), [(1, 8), (2, 4), (3, 4), (4, 2), (12, 1)])
def test_workers_have_as_many_threads_as_fit(workers, threads):
    assert share_among(NODES, CPU, workers) == Share(workers, threads, has_gpu=False)


def test_the_threads_that_are_asked_for_are_given_or_refused():
    settings = EngineSettings(device="cpu", threads=4)
    assert share_among(NODES, settings, 3).threads == 4
    with pytest.raises(HarnessError, match="each takes 4 CPUs, and the cluster has 12 CPUs"):
        share_among(NODES, settings, 4)


def test_each_worker_has_a_gpu_of_its_own():
    assert share_among(GPUS, CUDA, 6) == Share(6, 1, has_gpu=True)
    with pytest.raises(HarnessError, match="64 CPUs and 6 GPUs on 2 nodes: ask for fewer, or for"):
        share_among(GPUS, CUDA, 7)


def test_a_machine_without_a_gpu_has_to_say_whether_the_clusters_are_used(monkeypatch):
    monkeypatch.setattr(room, "likely_device", lambda: "cpu")
    with pytest.raises(HarnessError, match="say --device cuda or --device cpu"):
        share_among(GPUS, EngineSettings(), 2)
    assert not share_among(GPUS, CPU, 2).has_gpu


def test_workers_here_share_the_cores(monkeypatch):
    monkeypatch.setattr(room, "usable_cores", lambda: 8)
    assert [local_share(CPU, n).threads for n in (1, 2, 3, 16)] == [8, 4, 2, 1]
    assert local_share(EngineSettings(device="cpu", threads=3), 2).threads == 3


def test_a_gpu_that_is_not_there_is_said():
    with pytest.raises(HarnessError, match="on 1 node: ask for fewer, or for --device cpu"):
        require_room(local_share(CUDA, 1), [Node("here", 64, 0)])
