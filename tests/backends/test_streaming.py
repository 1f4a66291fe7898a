"""The text of streamed answers, reported by a worker while real models generate."""

import io
import json
from dataclasses import replace

import pytest

from harness import backends
from harness.core.case import Message
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine import worker, worker_progress
from harness.engine.model import EngineSettings
from harness.model_files.opened_files import OpenedFiles
from tests.models import TINY_QWEN2


@pytest.fixture(scope="module", params=["transformers", "llama.cpp"])
def model(request, opened):
    if request.param == "llama.cpp":
        return opened("merged")
    ref = ModelRef.parse(f"base:{TINY_QWEN2}")
    return backends._backend(ref).open_model(ref, EngineSettings(threads=1))


def messages(model, requests):
    out = io.BytesIO()
    worker._generate(worker.Opened(model, OpenedFiles(())), requests, out, is_warm=False)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def asked(words, **changes):
    sampling = Sampling(24, temperature=changes.pop("temperature", 0.0))
    return [Request("t", w, (Message("user", w),), sampling, **changes) for w in words]


def test_the_pieces_are_the_answers_of_the_streamed_requests_alone(model, monkeypatch):
    monkeypatch.setattr(worker_progress, "STEP_SECONDS", 0.0)
    requests = [*asked(["Grüße, 東京 🙂", "name"], streamed=True), *asked(["other"])]
    said = messages(model, requests)
    pieces: dict[str, list[str]] = {}
    for message in said:
        for key, text in message.get("texts", {}).items():
            pieces.setdefault(key, []).append(text)
    (answers,) = ([m["keys"], m["completions"]] for m in said if m["kind"] == "answered")
    texts = {key: c["text"] for key, c in zip(*answers, strict=True)}
    assert set(pieces) == {r.key for r in requests[:2]}
    for key, parts in pieces.items():
        assert len(parts) > 3
        assert texts[key].startswith("".join(parts))
        assert not any(part.endswith("\ufffd") for part in parts)


def test_an_answer_is_the_same_streamed_or_whole(model):
    whole, streamed = (
        [c["text"] for m in messages(model, asked("abc", streamed=is_streamed))
         if m["kind"] == "answered" for c in m["completions"]]
        for is_streamed in (False, True)
    )  # fmt: skip
    assert whole == streamed


def test_a_rendered_prompt_passes_the_template_by(model):
    (request,) = asked(["<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"])
    given, templated = model.encode(
        [replace(request, is_rendered=True), *asked(["hello"])], ()
    ).prompts
    assert given.text == request.messages[0].content
    assert given.token_ids == templated.token_ids


def test_a_stop_ends_the_answer_as_soon_as_it_is_there_and_is_never_told(model, monkeypatch):
    monkeypatch.setattr(worker_progress, "STEP_SECONDS", 0.0)
    (whole, other) = completions(messages(model, asked(["name", "other"])))
    stop = whole["text"][10:13]
    before = whole["text"].partition(stop)[0]
    stopping, free = asked(["name"], streamed=True, stop=(stop,)), asked(["other"])
    said = messages(model, [*stopping, *free])
    cut, same = completions(said)
    assert (cut["text"], cut["finish_reason"]) == (before, "stop")
    assert len(cut["token_ids"]) < len(whole["token_ids"])
    assert cut["token_ids"] == whole["token_ids"][: len(cut["token_ids"])]
    assert same["text"] == other["text"]
    told = "".join(text for m in said for text in m.get("texts", {}).values())
    assert before.startswith(told)


def completions(said):
    """Completions by case."""
    found = [c for m in said if m["kind"] == "answered" for c in m["completions"]]
    return sorted(found, key=lambda completion: completion["case_id"])
