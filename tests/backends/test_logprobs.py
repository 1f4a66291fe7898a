"""Log-probabilities of both engines against a plain forward pass of transformers."""

from dataclasses import replace

import pytest
import torch

from harness.backends import base
from harness.core.logprobs import DECIMALS
from harness.core.modelref import ModelRef
from harness.core.plan import Sampling, requests_for
from harness.engine.grammar import grammar_of
from harness.engine.token_lengths import token_lengths
from tests.backends.asking import SETTINGS, answers, ask
from tests.models import TINY_QWEN2

ENGINES = {"transformers": 2e-4, "llama.cpp": 5e-2}
"""The largest difference of a log-probability: of transformers float32's and the decimals that are
kept; llama.cpp keeps its keys and values in float16."""
HOT = Sampling(max_new_tokens=16, temperature=1.5, top_k=40, repetition_penalty=1.2)


@pytest.fixture(scope="module")
def models(opened):
    ref = ModelRef("base", str(TINY_QWEN2))
    return {"transformers": base.open_model(ref, SETTINGS), "llama.cpp": opened("base")}


@pytest.fixture(scope="module")
def plain(models):
    """``plain(prompt, answer)``: the log-probabilities of every token at each place of the answer,
    by one forward pass over both."""
    model = models["transformers"].model

    def forward(prompt, answer):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].float()
        return logits[len(prompt) - 1 : -1].log_softmax(-1)

    return forward


def asked(task, sampling, **changes):
    made = requests_for(task.name, task.cases[:3], sampling, has_logprobs=True)
    return [replace(request, **changes) for request in made]


def checked(models, plain, requests, engine):
    """The answers, each of whose values is seen to be that of the forward pass."""
    prompts = {p.key: p.token_ids for p in models["transformers"].encode(requests, ()).prompts}
    found = answers(models[engine], requests)
    for request in requests:
        completion = found[request.case_id]
        logprobs, ids = completion.logprobs, completion.token_ids
        assert logprobs.mistake(completion.text) is None
        expected = plain(prompts[request.key], ids)
        own = expected.gather(-1, torch.tensor(ids)[:, None])[:, 0]
        others = expected.scatter(-1, torch.tensor(ids)[:, None], -torch.inf).max(-1).values
        for ours, theirs in ((logprobs.logprobs, own), (logprobs.runner_up_logprobs, others)):
            assert list(ours) == [round(value, DECIMALS) for value in ours]
            assert torch.allclose(torch.tensor(ours), theirs, rtol=0, atol=ENGINES[engine])
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sampling", [Sampling(max_new_tokens=16), HOT], ids=["greedy", "hot"])
def test_they_are_those_of_a_plain_forward_pass(models, plain, task, engine, sampling):
    found = checked(models, plain, asked(task, sampling), engine)
    assert sum(len(c.logprobs.logprobs) for c in found.values()) > 30


@pytest.mark.parametrize("engine", ENGINES)
def test_constrained_ones_are_of_the_distribution_before_the_mask(models, plain, task, engine):
    key = {"type": "object", "properties": {"zebra": {"type": "integer"}}, "required": ["zebra"]}
    sampling = Sampling(max_new_tokens=12, temperature=1.5)
    found = checked(models, plain, asked(task, sampling, grammar=grammar_of(key)), engine)
    for completion in found.values():
        assert completion.text.startswith('{"zebra":')
        assert min(completion.logprobs.logprobs) < -8  # The model would not have said it.


@pytest.mark.parametrize("engine", ENGINES)
def test_they_change_no_token_and_are_not_there_unasked(models, task, engine):
    requests = asked(task, HOT)
    bare = [replace(r, has_logprobs=False) for r in requests]
    ours, theirs = (answers(models[engine], r) for r in (requests, bare))
    assert {i: c.token_ids for i, c in ours.items()} == {i: c.token_ids for i, c in theirs.items()}
    assert {c.logprobs for c in theirs.values()} == {None}
    mixed = answers(models[engine], [requests[0], *bare[1:]])
    assert [c.logprobs is not None for c in mixed.values()].count(True) == 1
    assert mixed[requests[0].case_id].logprobs == ours[requests[0].case_id].logprobs


@pytest.mark.parametrize("engine", ENGINES)
def test_the_end_token_has_a_value_and_no_text(models, task, engine):
    found = answers(models[engine], asked(task, task.sampling)).values()
    ended = [c for c in found if c.finish_reason == "stop"]
    assert ended
    for completion in ended:
        last = list(completion.logprobs.spans())[-1]
        assert (last.start, last.end) == (len(completion.text), len(completion.text))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tokenizer_s_pieces_of_emoji_are_one_stretch(models, engine):
    text, model = 'A "Zoë" 😀👨‍👩‍👧 and 漢字.', models[engine]
    if engine == "llama.cpp":
        ids, decode = model.vocabulary.encode(text), model.vocabulary.decode
    else:
        ids, decode = model.tokenizer(text)["input_ids"], model._text
    assert decode(ids) == text
    lengths = token_lengths(ids, text, decode)
    assert len(ids) > lengths.count(0) > 20  # The tokenizer knows the bytes of an emoji alone.
    places = [i + 1 for i, length in enumerate(lengths) if length]
    assert all(decode(ids[:i]) == text[: sum(lengths[:i])] for i in places)
    assert sum(lengths) == len(text)


@pytest.mark.parametrize("engine", ENGINES)
def test_spans_of_emoji_join_to_the_text(models, engine):
    """The model is no speaker of emoji: sampled at a high temperature it says bytes of them."""
    request = replace(ask("😀 👨‍👩‍👧", temperature=3.0, max_new_tokens=100), has_logprobs=True)
    completion = answers(models[engine], [request])["a"]
    text, logprobs = completion.text, completion.logprobs
    assert not text.isascii()
    assert logprobs.mistake(text) is None
    assert "".join(text[s.start : s.end] for s in logprobs.spans()) == text
    assert len(logprobs.logprobs) == len(completion.token_ids)
