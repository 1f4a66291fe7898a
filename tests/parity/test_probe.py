"""A probe of a real model: tokenization, logits, and a changed prompt."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import requests_for
from harness.engine.model import EngineSettings
from harness.parity.chain import compare_task
from harness.parity.probe import DivergencePoint, ProbeTarget, probe
from harness.tasks.task import load_task
from tests.models import TASKS, TINY_QWEN2

BASE = ModelRef.parse(f"base:{TINY_QWEN2}")
TASK = load_task(TASKS / "json_extraction")
REQUESTS = {r.key: r for r in requests_for(TASK.name, TASK.cases[:4], TASK.sampling)}
KEY = next(iter(REQUESTS))
PLACE = (TASK.name, TASK.cases[0].id, 0, 0)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    settings = EngineSettings(dtype="float32", threads=1)
    divergences = {PLACE: DivergencePoint(KEY, (283,), (264, 99_999))}
    return probe(ProbeTarget(BASE, settings), list(REQUESTS.values()), divergences, folder)


def test_a_model_is_asked_for_prompts_first_steps_and_partings(asked):
    assert [p.key for p in asked.tokenization.prompts] == list(REQUESTS)
    assert asked.first.all().shape == (4, 1280)
    assert asked.divergences.all().shape == (1, 1280)
    assert asked.divergences.keys == (PLACE,)
    # An id beyond the vocabulary has no text; the likeliest token has one.
    assert 264 in asked.texts
    assert 99_999 not in asked.texts
    assert set(asked.first.top_tokens()) <= set(asked.texts)


def test_the_hash_is_that_of_a_runs_record(asked):
    assert (
        asked.weights_sha256 == "f72eb1b8dfdd103e7c3269b5e8b532eb0deeca8c17995ccd2bf4bcf54307b914"
    )


def test_a_model_is_beside_itself_as_it_is(asked):
    found = compare_task(BASE, ModelRef.parse("merged:x"), asked, asked, REQUESTS)
    assert not found.is_copy  # Nobody knows whether what follows a base was trained.
    assert found.reading.is_same
    assert found.differences == ()
    assert found.measured == {"same_prompts_rate": 1.0}
    assert found.first_token.measured == {"first_token_rate": 1.0, "most_logits": 0.0}


def test_a_token_that_was_changed_is_named(asked):
    first = asked.tokenization.prompts[0]
    changed = replace(first, token_ids=(*first.token_ids[:7], 5, *first.token_ids[8:]))
    tokenization = replace(asked.tokenization, prompts=(changed, *asked.tokenization.prompts[1:]))
    found = compare_task(BASE, BASE, asked, replace(asked, tokenization=tokenization), REQUESTS)
    assert found.mismatched == 1
    (said,) = found.differences
    assert said.startswith(f"{TASK.cases[0].id}: other tokens, token 7: ")
    assert f"({first.token_ids[7]}) before" in said
    assert said.endswith(", 5 after")  # Nobody was asked what it decodes to.


def test_a_model_that_cannot_be_asked_says_why(tmp_path):
    target = ProbeTarget(ModelRef("gguf", str(Path(__file__))), EngineSettings())
    with pytest.raises(HarnessError, match="is no GGUF file"):
        probe(target, (), {}, tmp_path)
