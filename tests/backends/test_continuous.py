"""Requests that come while both engines decode others, and those that are given up meanwhile."""

import io
import json
import queue
from dataclasses import asdict

import pytest

from harness import backends
from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine import worker
from harness.engine.continuous import OpenBatch
from harness.engine.model import EngineSettings
from harness.model_files.opened_files import OpenedFiles
from tests.backends.asking import answers
from tests.models import TINY_QWEN2

ROOM = 24
SHARED = "Extract the name, the date and the amount as one JSON object, nothing else. Text: "


@pytest.fixture(scope="module", params=["transformers", "llama.cpp"])
def model(request, opened):
    if request.param == "llama.cpp":
        return opened("merged")
    ref = ModelRef.parse(f"base:{TINY_QWEN2}")
    return backends._backend(ref).open_model(ref, EngineSettings(threads=1))


def asked(word, room=ROOM, text=SHARED, **sampling):
    return Request("t", word, (Message("user", text + word),), Sampling(room, **sampling))


class Traffic:
    """Messages that come after numbers of steps."""

    def __init__(self, model, *first):
        self.model = model
        self.at: dict[int, list] = {}
        self.steps = 0
        self.first = first
        self.answers: dict[str, Completion] = {}
        self.order: list[str] = []

    def enter(self, step, *requests):
        message = {"kind": "enter", "requests": [asdict(r) for r in requests]}
        self.at.setdefault(step, []).append(message)

    def leave(self, step, *requests):
        message = {"kind": "leave", "keys": [r.key for r in requests]}
        self.at.setdefault(step, []).append(message)

    def run(self):
        batch = OpenBatch(self.first, self.receive, lambda request: None, self.answered)
        self.model.generate_continuously(batch, self.stepped)
        assert batch.first() is None
        return self.answers

    def receive(self):
        for step in [s for s in self.at if s <= self.steps]:
            yield from self.at.pop(step)

    def stepped(self, tokens, ended):
        self.steps += 1

    def answered(self, pairs):
        for request, completion in pairs:
            assert request.case_id not in self.answers
            self.answers[request.case_id] = completion
            self.order.append(request.case_id)


def alone(model, request):
    return answers(model, [request])[request.case_id].token_ids


def test_those_that_come_are_answered_as_they_would_be_alone(model):
    requests = [asked(word, 12 + 5 * n) for n, word in enumerate(["Ada", "Bo", "Cy", "Di", "Ed"])]
    far = [asked("Fa", text="Something else. "), asked("Gi", text="")]
    sampled = [asked("Hu", temperature=1.0, seed=3), asked("Id", temperature=1.3, top_k=9, seed=4)]
    sampled += [asked("Jo", repetition_penalty=1.3), asked("Ka", temperature=1.0, seed=5)]
    traffic = Traffic(model, *requests[:2])
    traffic.enter(3, requests[2])
    traffic.enter(4, *requests[3:], *far)
    traffic.enter(6, *sampled)
    found = traffic.run()
    everybody = [*requests, *far, *sampled]
    assert {r.case_id: found[r.case_id].token_ids for r in everybody} == {
        r.case_id: alone(model, r) for r in everybody
    }


def test_a_short_answer_does_not_wait_for_a_long_one(model):
    traffic = Traffic(model, asked("long", 90, temperature=3.0, seed=1))
    traffic.enter(5, asked("short", 4))
    traffic.run()
    assert traffic.order == ["short", "long"]


def test_who_is_given_up_has_no_answer_and_costs_no_more_steps(model):
    kept, left = asked("kept", 8), asked("left", 200, temperature=100.0, seed=5)
    assert len(alone(model, left)) > 60
    traffic = Traffic(model, left)
    traffic.enter(1, kept)
    traffic.leave(12, left)
    assert [*traffic.run()] == [kept.case_id]
    assert traffic.steps < 50


def test_a_prompt_that_is_too_long_is_an_error_by_itself(model):
    found = Traffic(model, asked("x " * 5000), asked("a", 4)).run()
    assert found["x " * 5000].error.startswith("the prompt has ")
    assert found["a"].token_ids == alone(model, asked("a", 4))


def test_longer_rows_than_usual_are_answered_too(model):
    long = [asked("word " * 300 + w, 8) for w in "ab"]
    found = Traffic(model, asked("a", 4), *long).run()
    assert [found[r.case_id].token_ids for r in long] == [alone(model, r) for r in long]


def messages(model, *requests):
    inbox, out = queue.SimpleQueue(), io.BytesIO()
    first = {"kind": "enter", "requests": [asdict(r) for r in requests]}
    opened = worker.Opened(model, OpenedFiles(()))
    worker._generate_continuously(opened, first, inbox, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_worker_sends_each_answer_by_itself_and_then_that_it_has_finished(model):
    said = messages(model, asked("a", 4), asked("b", 9, temperature=3.0, seed=2))
    kinds = [m["kind"] for m in said if m["kind"] != "step"]
    assert kinds == ["answered", "answered", "finished"]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("shapes")])
def test_a_batch_that_fails_is_answered_by_halves_or_with_its_error(model, monkeypatch, error):
    def fails(batch, on_step):
        batch.enter(9, model._read, lambda request, row: True)
        raise error

    monkeypatch.setattr(model, "generate_continuously", fails, raising=False)
    said = messages(model, asked("a", 4), asked("b", 4))
    found = {
        key: completion["error"]
        for m in said
        if m["kind"] == "answered"
        for key, completion in zip(m["keys"], m["completions"], strict=True)
    }
    expected = None if isinstance(error, MemoryError) else "RuntimeError: shapes"
    assert found == dict.fromkeys((asked("a").key, asked("b").key), expected)
