"""Batches are shared among workers, and those of a lost worker go to the others."""

from concurrent.futures import Future

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.plan import Request, Sampling
from harness.engine.ray.actor import Reply
from harness.engine.ray.dispatch import Dispatch

REQUESTS = [Request("t", str(i), (Message("user", "?"),), Sampling()) for i in range(8)]
BATCHES = [REQUESTS[i : i + 2] for i in range(0, 8, 2)]
LOST = RuntimeError("the actor died\n\tand a page more")


class FakeWorker:
    """Answers at once; of the batches in ``lost_with`` it dies, of those in ``crashes`` its model
    does."""

    def __init__(self, node, lost_with=(), crashes=()):
        self.node = node
        self.lost_with = lost_with
        self.crashes = crashes
        self.asked = []
        self.is_ended = False

    def ask(self, method, batch):
        assert method == "answer"
        assert not self.is_ended
        self.asked.append(BATCHES.index(batch))
        future = Future()
        if self.asked[-1] in self.lost_with:
            future.set_exception(LOST)
        elif self.asked[-1] in self.crashes:
            answers = [(r.key, Completion("", error="SIGSEGV")) for r in batch]
            future.set_result(Reply(tuple(answers), is_open=False))
        else:
            future.set_result(Reply(tuple((r.key, Completion(self.node)) for r in batch)))
        return future

    def end(self):
        self.is_ended = True


def answered(*workers, most=9):
    """Each request's text or error, by its case; every request has one."""
    pairs = [p for reply in Dispatch([*workers]).answers(BATCHES, most) for p in reply.answers]
    found = {key.split("/")[1]: c.error or c.text for key, c in pairs}
    assert len(found) == len(pairs) == len(REQUESTS)
    return found


def test_each_batch_is_answered_once_and_all_workers_answer():
    a, b = FakeWorker("a"), FakeWorker("b")
    assert set(answered(a, b).values()) == {"a", "b"}
    assert sorted(a.asked + b.asked) == [0, 1, 2, 3]


def test_one_at_a_time_is_one_worker():
    a, b = FakeWorker("a"), FakeWorker("b")
    assert set(answered(a, b, most=1).values()) == {"a"}
    assert a.asked == [0, 1, 2, 3]


def test_the_batch_of_a_lost_worker_goes_to_another_and_no_other_is_asked_twice():
    a, b = FakeWorker("a", lost_with=[0]), FakeWorker("b")
    assert set(answered(a, b).values()) == {"b"}
    assert (a.asked, a.is_ended) == ([0], True)
    assert sorted(b.asked) == [0, 1, 2, 3]


def test_a_batch_that_two_workers_are_lost_with_is_errors():
    a, b, c = FakeWorker("a", lost_with=[0]), FakeWorker("b", lost_with=[0]), FakeWorker("c")
    found = answered(a, b, c, most=1)
    assert {found["0"], found["1"]} == {"the worker on b was lost: the actor died"}
    assert {found[str(i)] for i in range(2, 8)} == {"c"}


@pytest.mark.parametrize("most", [1, 9])
def test_without_workers_the_rest_is_errors_that_say_why(most):
    found = answered(FakeWorker("a", lost_with=[1]), most=most)
    assert found["0"] == "a"
    assert found["7"] == "the worker on a was lost: the actor died"


def test_a_worker_whose_model_dies_twice_in_a_row_is_asked_no_more():
    a, b = FakeWorker("a", crashes=range(4)), FakeWorker("b")
    found = answered(a, b)
    assert (len(a.asked), a.is_ended) == (2, True)
    assert sorted(found.values()) == ["SIGSEGV"] * 4 + ["b"] * 4


def test_a_model_that_dies_now_and_then_is_asked_again():
    assert len({*answered(FakeWorker("a", crashes=[0, 2])).values()}) == 2
