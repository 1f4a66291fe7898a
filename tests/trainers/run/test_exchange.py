"""Values between two processes, here two threads with gloo groups of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import torch
from torch import distributed

from harness.core.errors import HarnessError
from trainers.run.exchange import LOST, Exchange
from trainers.run.processes import Processes


def in_two(work: Callable[[Exchange], Any]) -> list[Any]:
    """The result of each process, or the error that it raised."""
    store = distributed.HashStore()

    def run(rank: int) -> Any:
        group = distributed.ProcessGroupGloo(store, rank, 2, timedelta(seconds=20))
        try:
            return work(Exchange(Processes(rank, 2, rank, 2), group))
        except HarnessError as error:
            return error.mistakes
        finally:
            group.shutdown()

    with ThreadPoolExecutor(2) as pool:
        return [*pool.map(run, range(2))]


def test_each_process_has_the_values_of_all() -> None:
    assert (
        in_two(lambda exchange: exchange.all({"rank": exchange.rank}))
        == [[{"rank": 0}, {"rank": 1}]] * 2
    )


def test_a_tensor_of_one_process_reaches_the_other() -> None:
    def sent(exchange: Exchange) -> list[float]:
        own = torch.tensor([0.5, float("nan")]) if exchange.rank else torch.zeros(2)
        return [float(x) for x in exchange.broadcast(own, 1)]

    first, second = in_two(sent)
    assert str(first) == str(second) == "[0.5, nan]"


def test_a_mistake_of_one_process_is_all_processes() -> None:
    def work(exchange: Exchange) -> str:
        if exchange.rank:
            raise HarnessError("no such base", "no such file")
        raise HarnessError("no such file")

    said = ("no such file", "process 1: no such base")
    assert in_two(lambda exchange: exchange.together(lambda: work(exchange))) == [said, said]


def test_results_of_work_are_each_process_own() -> None:
    assert in_two(lambda exchange: exchange.together(lambda: exchange.rank)) == [0, 1]


def test_a_process_that_leaves_does_not_keep_the_other_waiting() -> None:
    def work(exchange: Exchange) -> Any:
        return exchange.rank or exchange.all("still here")

    assert in_two(work) == [(LOST,), 1]


def test_a_single_process_has_its_own_values() -> None:
    exchange = Exchange(Processes())
    tensor = torch.zeros(1)
    assert exchange.all("own") == ["own"]
    assert exchange.broadcast(tensor, 0) is tensor
    with pytest.raises(HarnessError, match=r"^wrong$"):
        exchange.together(lambda: (_ for _ in ()).throw(HarnessError("wrong")))
