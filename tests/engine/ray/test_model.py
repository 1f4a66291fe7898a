"""A model over workers, with actors that live in this process."""

from concurrent.futures import Future

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.core.record import ModelRecord
from harness.engine.events import Answered, ModelOpened
from harness.engine.host import ModelHost
from harness.engine.model import EngineSettings, ModelUnopened, RaySettings
from harness.engine.ray import connection, workers
from harness.engine.ray.actor import Reply, versions
from harness.engine.ray.model import RayModel
from harness.engine.ray.room import Node

REF = ModelRef("base", "out")
RECORD = ModelRecord("base:out", "base", "out", weights_sha256="1", device="cpu", load_seconds=1.0)
REQUESTS = [
    *(Request("t", str(i), (Message("user", "?"),), Sampling()) for i in range(6)),
    *(Request("t", str(i), (Message("user", "?"),), Sampling(), timed=True) for i in range(2)),
]


class FakeActor:
    """Answers in this process, by its number."""

    def __init__(self, number, **changes):
        self.node = "a worker"
        self.number = number
        self.record = RECORD
        self.libraries = {}
        self.asked = []
        self.folders = []
        self.is_ended = False
        self.replies = {}
        """Fields of the reply to a batch that begins with this case; an exception is raised."""
        vars(self).update(changes)

    def ask(self, method, *arguments):
        future = Future()
        try:
            future.set_result(getattr(self, method)(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def end(self):
        self.is_ended = True

    def facts(self, libraries):
        return f"10.0.0.{self.number}", versions(libraries) | self.libraries

    def open(self, folder, ref, settings, hashes):
        assert settings.ray is None
        self.settings = settings
        return self.record

    def batches(self, requests):
        judged, timed = ([r.key for r in requests if r.timed is t] for t in (False, True))
        return [*(judged[i : i + 2] for i in range(0, len(judged), 2)), *([key] for key in timed)]

    def answer(self, batch):
        self.asked += batch
        changes = self.replies.get(batch[0].case_id, {})
        if isinstance(changes, Exception):
            raise changes
        answers = tuple((r.key, Completion(str(self.number), token_ids=(1,))) for r in batch)
        return Reply(answers, peak_memory_mb=100.0 * self.number, **changes)

    def measure(self, requests):
        return Reply((), peak_memory_mb=900.0)


@pytest.fixture
def model(monkeypatch):
    """Opens a model over these actors."""

    def over(*actors):
        nodes = [Node("here", cpus=4, gpus=0)]
        monkeypatch.setattr(connection, "connected", lambda address, share: nodes)
        monkeypatch.setattr(workers, "start", lambda share: [*actors])
        ray = RaySettings(len(actors))
        return RayModel(REF, EngineSettings(device="cpu", threads=1, ray=ray), ray, ["numpy"])

    return over


def test_workers_share_the_requests_and_one_of_them_is_timed(model):
    a, b = FakeActor(1), FakeActor(2)
    asked = model(a, b)
    opened, *events = asked.events(REQUESTS)
    assert opened == ModelOpened(REF, RECORD)
    answered = [e.request for e in events if isinstance(e, Answered)]
    assert sorted(answered, key=REQUESTS.index) == REQUESTS
    assert all(r.timed for r in answered[6:])
    assert len(b.asked) in (2, 4)
    assert not any(r.timed for r in b.asked)
    assert asked.model.peak_memory_mb == 200.0
    assert asked.model.generate_seconds is not None
    assert asked.available_mb is None
    assert asked.is_open
    asked.close()
    assert (a.is_ended, b.is_ended, asked.is_open) == (True, True, False)


def test_a_lost_worker_is_answered_for_by_the_other(model):
    a, b = FakeActor(1, replies={"0": RuntimeError("node died")}), FakeActor(2)
    events = [*model(a, b).events(REQUESTS)]
    assert {e.completion.text for e in events if isinstance(e, Answered)} == {"2"}


def test_without_workers_every_request_is_an_error(model):
    lost = RuntimeError("node died")
    a = FakeActor(1, replies={"0": lost})
    asked = model(a)
    errors = [e.completion.error for e in asked.events(REQUESTS) if isinstance(e, Answered)]
    assert errors == ["the worker on 10.0.0.1 was lost: node died"] * 8
    assert not asked.is_open


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"libraries": {"numpy": "0.1"}}, "10.0.0.2 has other versions: numpy 0.1, here "),
        ({"libraries": {"slm-harness": None}}, "10.0.0.2 has other versions: slm-harness None"),
        ({"record": "./out is not there"}, "10.0.0.2: ./out is not there"),
        (
            {"record": ModelRecord("base:out", "base", "out", weights_sha256="2", device="cpu")},
            "10.0.0.2 opens another model than 10.0.0.1: weights_sha256",
        ),
        ({"facts": None}, "a worker: 'NoneType' object is not callable"),
    ],
)
def test_a_worker_that_would_answer_otherwise_is_refused(model, changes, reason):
    a, b = FakeActor(1), FakeActor(2, **changes)
    with pytest.raises(ModelUnopened) as refused:
        next(model(a, b).events(REQUESTS))
    assert str(refused.value).startswith(reason)
    assert a.is_ended
    assert b.is_ended


def test_a_model_that_is_replaced_meanwhile_is_marked(model):
    asked = model(FakeActor(1, replies={"2": {"replaced": "weights were replaced"}}))
    [*asked.events(REQUESTS)]
    assert asked.model.error == "weights were replaced"


def test_a_model_that_cannot_be_opened_again_ends_the_stream(model):
    asked = model(FakeActor(1, replies={"2": {"unopened": "no memory", "is_open": False}}))
    *_, closed = ModelHost(lambda ref: asked).answers(REF, REQUESTS)
    assert closed.model.error == "no memory"
    assert not asked.is_open


def test_a_stream_that_is_left_ends_the_workers(model):
    a = FakeActor(1)
    events = model(a).events(REQUESTS)
    next(events)
    events.close()
    assert a.is_ended


def test_memory_alone_is_measured_by_one_worker(model):
    asked = model(FakeActor(1), FakeActor(2))
    assert [*asked.measure(REQUESTS)] == [ModelOpened(REF, RECORD)]
    assert asked.model.peak_memory_mb == 900.0


def test_memory_is_unknown_where_the_measuring_worker_was_lost(model):
    asked = model(FakeActor(1, measure=None))
    [*asked.measure(REQUESTS)]
    assert asked.model.peak_memory_mb is None
