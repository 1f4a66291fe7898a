"""Answers and logits of a GGUF are bit-identical whatever else is in their batch."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.core.plan import Sampling, requests_for
from harness.engine.llama import decoding as llama_decoding
from harness.engine.llama import row_queue
from harness.engine.llama.context import LlamaContext
from harness.engine.llama.profile import (
    BATCHED,
    BATCHED_ON_GPU,
    FEW_CORES,
    FEW_CORES_BELOW,
    PER_CORE,
    PER_CORE_BELOW,
    choose_profile,
)
from harness.engine.llama.row_queue import common_prefix
from tests.backends.asking import answers, ask, ids, logits

SAMPLED = Sampling(max_new_tokens=24, temperature=1.5, top_k=50, top_p=0.95)
KINDS = ("f32", "q8_0", "q4_k_m")
FLASH = replace(BATCHED, has_flash_attention=True)
PROFILES = pytest.mark.parametrize(
    "profile", [PER_CORE, BATCHED, FLASH], ids=["per_core", "batched", "flash"]
)
WITH_AVX2 = "CPU : AVX2 = 1 | F16C = 1 | "
WITH_AVX512 = "CPU : AVX2 = 1 | AVX512 = 1 | "


@PROFILES
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_does_not_depend_on_its_batch(opened, task, monkeypatch, kind, profile):
    """Token for token, greedy and sampled: alone, with a few, and with all."""
    model = opened("merged", kind)
    monkeypatch.setattr(model.contexts, "profile", profile)
    for sampling in (Sampling(max_new_tokens=24), SAMPLED):
        requests = requests_for(task.name, task.cases[:11], sampling)
        whole = ids(model, requests)
        assert len(set(whole.values())) > 5
        assert ids(model, requests[3:10]) == {r.case_id: whole[r.case_id] for r in requests[3:10]}
        for request in requests[:3]:
            assert ids(model, [request]) == {request.case_id: whole[request.case_id]}


@PROFILES
@pytest.mark.parametrize(
    "kind", ["q4_k_m", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("f32", "q8_0"))]
)
def test_an_answer_does_not_depend_on_how_batches_are_cut(opened, monkeypatch, task, kind, profile):
    """One context or two; few rows at once, so that ended ones are replaced; small batches, so that
    prompts are split; no common prefix. All of it on prompts of very different length."""
    model = opened("merged", kind)
    long = tuple(ask(f"Count to {n}. " + "word " * n, f"long-{n}", max_new_tokens=20)
                 for n in range(0, 90, 9))  # fmt: skip
    requests = [*requests_for(task.name, task.cases[:6], Sampling(max_new_tokens=20)), *long]
    monkeypatch.setattr(model.contexts, "profile", profile)
    whole = ids(model, requests)
    if profile.has_context_per_core:
        monkeypatch.setattr(model.contexts, "cores", 2)
    assert ids(model, requests) == whole
    monkeypatch.setattr(model.contexts, "profile", replace(profile, max_rows=3))
    assert ids(model, requests) == whole
    small = replace(profile, max_rows=3, max_ubatch_tokens=32)
    monkeypatch.setattr(model.contexts, "profile", small)
    assert ids(model, requests) == whole
    monkeypatch.setattr(row_queue, "common_prefix", lambda prompts: 0)
    assert ids(model, requests) == whole


@pytest.mark.parametrize(
    "sampling", [Sampling(max_new_tokens=24), SAMPLED], ids=["greedy", "drawn"]
)
def test_an_answer_does_not_depend_on_what_was_guessed(opened, task, monkeypatch, sampling):
    """Draft tokens that are always rejected, always accepted, or one token longer."""
    model = opened("merged")
    requests = requests_for(task.name, task.cases[:9], sampling)
    whole = ids(model, requests)
    monkeypatch.setattr(llama_decoding, "draft", lambda ids, count, sources: [7] * count)
    assert ids(model, requests) == whole
    prompts = [list(p.token_ids) for p in model.encode(requests, []).prompts]
    said = [p + list(whole[r.case_id]) for p, r in zip(prompts, requests, strict=True)]

    def known(ids: list[int], count: int, sources: object) -> list[int]:
        (answer,) = [a for a in said if a[: len(ids)] == ids]
        return [*answer[len(ids) :], 7, 7, 7][:count]

    monkeypatch.setattr(llama_decoding, "draft", known)
    assert ids(model, requests) == whole
    monkeypatch.setattr(model.contexts, "profile", replace(PER_CORE, draft_tokens=3))
    assert ids(model, requests) == whole


def test_right_guesses_save_steps(opened, task):
    """A step that gives rows two tokens each: more tokens come than rows are decoded at once."""
    model, steps = opened("merged"), []
    requests = requests_for(task.name, task.cases[:8], task.sampling)
    (batch,) = model.batches(requests)
    found = model.generate(batch, lambda tokens, ended: steps.append(tokens))
    assert max(steps) > 8
    assert sum(tokens > 0 for tokens in steps) < max(len(c.token_ids) for c in found)


def test_an_ended_row_is_computed_no_further(opened, task, monkeypatch):
    """Rows end one after the other: a step has one token for each open row, rounded up."""
    model, counts = opened("merged"), []
    monkeypatch.setattr(model.contexts, "profile", BATCHED)
    requests = [ask("Count.", str(n), max_new_tokens=n) for n in range(3, 27)]
    monkeypatch.setattr(
        type(model.vocabulary), "end_ids", property(lambda _: frozenset()), raising=True
    )
    decode = LlamaContext.decode

    def counted(self, tokens, positions, streams, *, outputs):
        if outputs is True:
            counts.append(len(tokens))
        decode(self, tokens, positions, streams, outputs=outputs)

    monkeypatch.setattr(LlamaContext, "decode", counted)
    answers(model, requests)
    lasting = [sum(n > step for n in range(3, 27)) for step in range(26)]
    assert counts[-26:] == [max(8, -(-rows // 4) * 4) for rows in lasting]


@PROFILES
@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_bit_identical_in_any_batch(opened, task, monkeypatch, kind, profile):
    """Every length of a prompt beyond the common prefix."""
    model = opened("merged", kind)
    monkeypatch.setattr(model.contexts, "profile", profile)
    random = np.random.default_rng(0)
    for common in (23, 24):
        beginning = random.integers(5, 1200, common).tolist()
        sequences = [beginning + random.integers(5, 1200, n).tolist() for n in range(1, 14)]
        together = logits(model, sequences)
        alone = np.concatenate([logits(model, [s]) for s in sequences])
        assert np.array_equal(together, alone)


def test_a_long_prompt_is_computed_alike_alone_and_behind_a_shared_one(opened, monkeypatch):
    """Alone its 136 tokens could be one batch, which llama.cpp would compute in tiles; behind the
    100 tokens that it shares with others, 36 remain, which it computes cell by cell."""
    model = opened("merged", "f32")
    monkeypatch.setattr(model.contexts, "profile", FLASH)
    random = np.random.default_rng(0)
    shared = random.integers(5, 1200, 100).tolist()
    sequences = [shared + random.integers(5, 1200, 40).tolist() for _ in range(8)]
    together = logits(model, sequences)
    alone = np.concatenate([logits(model, [s]) for s in sequences])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize(
    ("profile", "cores", "rows", "contexts", "each"),
    [
        (PER_CORE, 2, 100, 2, 16),
        (PER_CORE, 2, 11, 2, 5),
        (PER_CORE, 2, 7, 1, 7),
        (PER_CORE, 16, 32, 8, 4),
        (PER_CORE, 16, 1, 1, 1),
        (BATCHED, 16, 100, 1, 64),
        (BATCHED, 16, 3, 1, 3),
    ],
)
def test_rows_are_split_over_contexts(opened, monkeypatch, profile, cores, rows, contexts, each):
    """At most one context per core, none with fewer rows than a step pads to, and never more rows
    at once than requested."""
    found = opened("merged").contexts
    monkeypatch.setattr(found, "profile", profile)
    monkeypatch.setattr(found, "cores", cores)
    assert found.split(rows) == (contexts, each)


def test_the_size_of_a_model_decides_its_profile(opened):
    loaded = opened("merged").loaded
    assert loaded.parameters < PER_CORE_BELOW
    assert loaded.is_rewindable
    for features in (WITH_AVX2, WITH_AVX512):
        assert choose_profile(replace(loaded, has_gpu=False), 8, features) is PER_CORE
        assert choose_profile(replace(loaded, has_gpu=True), 2, features) is BATCHED_ON_GPU


def test_a_medium_model_has_a_context_for_each_of_few_cores():
    """With as many rows in all, fed as in one context, so that no answer depends on it."""

    def chosen(cores, parameters=FEW_CORES_BELOW - 1, is_rewindable=True, features=WITH_AVX512):
        facts = {"parameters": parameters, "is_rewindable": is_rewindable}
        return choose_profile(SimpleNamespace(has_gpu=False, **facts), cores, features)

    two = replace(BATCHED, has_context_per_core=True, max_rows=BATCHED.max_rows // 2)
    assert chosen(2) == two
    assert chosen(1) == chosen(FEW_CORES + 1) == BATCHED
    assert chosen(2, parameters=FEW_CORES_BELOW) == chosen(2, is_rewindable=False) == BATCHED
    assert chosen(2, features=WITH_AVX2) == replace(two, has_flash_attention=True)
    assert chosen(8, features=WITH_AVX2) == FLASH
    assert chosen(8, parameters=FEW_CORES_BELOW, features=WITH_AVX2) == BATCHED
    assert chosen(8, features="CPU : NEON = 1 | ARM_FMA = 1 | ") == BATCHED


def test_what_goes_wrong_in_one_context_is_told(opened, task, monkeypatch):
    """Each of two contexts runs in a thread of its own."""
    model = opened("merged")
    monkeypatch.setattr(model.contexts, "cores", 2)
    requests = requests_for(task.name, task.cases[:20], task.sampling)
    (batch,) = model.batches(requests)
    wanted = LlamaContext.decode

    def decode(self, *arguments, **more):
        if self is model.contexts.opened[1]:
            raise RuntimeError("llama.cpp cannot decode (code -3)")
        return wanted(self, *arguments, **more)

    monkeypatch.setattr(LlamaContext, "decode", decode)
    with pytest.raises(RuntimeError, match="code -3"):
        model.generate(batch, lambda tokens, ended: None)
    monkeypatch.undo()
    assert len(answers(model, requests)) == 20


@pytest.mark.parametrize(
    ("prompts", "common"),
    [
        ([[1] * 40], 0),
        ([[1] * 40, [1] * 40], 36),
        ([[1] * 40, [1] * 15 + [2] * 20], 0),
        ([[1] * 40, [1] * 22 + [2] * 20, [1] * 30 + [3]], 20),
        ([[1] * 40, []], 0),
        ([[1] * 40, [1] * 32 + [2] * 6], 24),
        ([[1] * 40, [1] * 19 + [2] * 3], 0),
    ],
)
def test_the_common_beginning_leaves_every_prompt_its_last_token(prompts, common):
    """Multiples of four from 16 on; a single prompt shares no prefix, and no prompt keeps four
    tokens."""
    assert common_prefix(prompts) == common
