"""Messages of a backend's process that opens a model and answers, called here without a process."""

import gc
import io
import json
import queue
import weakref
from dataclasses import asdict

import pytest
import torch

from harness.core.case import Message
from harness.core.completion import Completion, FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.core.record import ModelRecord
from harness.engine.model import EngineSettings
from harness.engine.row import Row
from harness.engine.worker import Imported, Opened, _generate, _generate_continuously, _open
from harness.engine.worker_progress import Streams
from harness.model_files.opened_files import OpenedFiles
from tests.project import Project


def test_what_was_imported_before_a_model_was_asked_for_counts_as_loading_it(tmp_path):
    stored = ModelRef.parse(Project(tmp_path).store().replace("stored/", f"{tmp_path}/stored/"))
    message = {"ref": asdict(stored), "settings": asdict(EngineSettings())}
    out = io.BytesIO()
    assert _open(message, out, Imported(seconds=100.0, error=None)) is not None
    (said,) = map(json.loads, out.getvalue().splitlines())
    assert said["kind"] == "opened"
    assert 100 < said["seconds"] < 150


CPU_ERROR = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"
)


class CrampedModel:
    """Answers batches of at most ``most`` requests, and has no memory for larger ones."""

    def __init__(self, most: int, error: Exception) -> None:
        self.most, self.error = most, error
        self.asked: list[int] = []

    def describe(self):
        return ModelRecord(ref="base:x", kind="base", name="x", device="cpu")

    def batches(self, requests):
        return [list(requests[:8]), list(requests[8:16]), list(requests[16:])]

    def generate(self, batch, on_step):
        self.asked.append(len(batch))
        if len(batch) > self.most:
            raise self.error
        return [Completion("", FinishReason.STOP, r.case_id, r.repeat) for r in batch]


def answered(model: CrampedModel):
    """The finish reason of each of 19 requests."""
    requests = [Request("t", str(n), (Message("user", "x"),), Sampling()) for n in range(19)]
    out = io.BytesIO()
    _generate(Opened(model, OpenedFiles(())), requests, out, is_warm=False)
    said = [m for m in map(json.loads, out.getvalue().splitlines()) if m["kind"] == "answered"]
    reasons = {
        key: completion["finish_reason"]
        for message in said
        for key, completion in zip(message["keys"], message["completions"], strict=True)
    }
    return [reasons[r.key] for r in requests]


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError(CPU_ERROR), torch.OutOfMemoryError("CUDA out of memory.")],
    ids=["llama.cpp", "cpu", "cuda"],
)
def test_a_batch_without_memory_is_halved_and_asked_again(error):
    model = CrampedModel(3, error)
    assert answered(model) == ["stop"] * 19
    assert model.asked == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2, 3]


def test_a_request_without_memory_is_an_error_by_itself():
    assert answered(CrampedModel(0, MemoryError("no room"))) == ["error"] * 19


def test_a_batch_that_fails_otherwise_is_not_asked_again():
    model = CrampedModel(3, RuntimeError("shapes cannot be multiplied"))
    assert answered(model) == ["error"] * 16 + ["stop"] * 3
    assert model.asked == [8, 8, 3]


class Ballast:
    """Stands for the cache of a batch."""


class CrampedContinuousModel(CrampedModel):
    """Decodes no more than one request beside others, and knows whether it holds a cache."""

    def __init__(self) -> None:
        super().__init__(1, MemoryError())
        self.caches = weakref.WeakSet()
        self.held: list[int] = []

    def batches(self, requests):
        return [list(requests)]

    def generate_continuously(self, batch, on_step):
        cache = Ballast()
        self.caches.add(cache)
        batch.enter(9, lambda request: Row([1], 0, 1, key=request.key), lambda *_: True)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    def generate(self, batch, on_step):
        gc.collect()
        self.held.append(len(self.caches))
        return super().generate(batch, on_step)


def test_requests_that_overfilled_the_memory_are_asked_again_when_it_is_free():
    model, out = CrampedContinuousModel(), io.BytesIO()
    requests = [Request("t", str(n), (Message("user", "x"),), Sampling()) for n in range(4)]
    first = {"kind": "enter", "requests": [asdict(r) for r in requests]}
    opened = Opened(model, OpenedFiles(()))
    _generate_continuously(opened, first, queue.SimpleQueue(), out)
    said = [m for m in map(json.loads, out.getvalue().splitlines()) if m["kind"] == "answered"]
    assert sum(len(m["keys"]) for m in said) == 4
    assert {c["finish_reason"] for m in said for c in m["completions"]} == {"stop"}
    assert model.asked == [4, 2, 1, 1, 1, 1]
    assert set(model.held) == {0}


class WordModel:
    """A model whose answer so far is set by its test."""

    def __init__(self) -> None:
        self.text = ""

    def text_so_far(self, key: str) -> str:
        return self.text


def test_a_streamed_text_is_told_in_whole_characters_and_never_taken_back():
    model = WordModel()
    streams = Streams(model)
    streams.begin([Request("t", "a", (), Sampling(), streamed=True)])
    told = []
    (key,) = streams.stops
    for model.text in ("", "Gr\ufffd", "Grü", "Grü", "Grüße \ufffd\ufffd", "Grüße 🙂!", "Gru?"):
        told.append(streams.texts())
    texts = [texts.get(key) for texts in told]
    assert texts == [None, "Gr", "ü", None, "ße ", "🙂!", None]


def test_a_streamed_text_withholds_what_may_become_a_stop():
    model = WordModel()
    streams = Streams(model)
    streams.begin([Request("t", "a", (), Sampling(), streamed=True, stop=("\nEND", "##"))])
    told = []
    for model.text in ("a", "a#", "a#b\nE", "a#b\nExit\nEN", "a#b\nExit\nEND"):
        told += streams.texts().values()
    assert told == ["a", "#b", "\nExit"]
