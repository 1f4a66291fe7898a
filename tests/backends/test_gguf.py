"""Answers of GGUF files of the bundled models through llama.cpp, opened in this process."""

import numpy as np
import pytest

from harness.backends import adapter, gguf
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import requests_for
from harness.engine.llama import library as llama_library
from harness.engine.llama.context import ContextShape, LlamaContext
from harness.engine.llama.library import LOG
from harness.engine.model import EngineSettings
from harness.model_files.chat_template import ChatTemplate
from tests.backends.asking import SETTINGS, answers, ask, ids, logits
from tests.backends.conftest import ADAPTER
from tests.models import TINY_QWEN2

# peft still asks transformers under the old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


@pytest.fixture(scope="module")
def in_transformers():
    """The adapter over its base: what the merged file was made of."""
    ref = ModelRef("adapter", str(ADAPTER), (("base", str(TINY_QWEN2)),))
    return adapter.open_model(ref, SETTINGS)


def test_a_file_of_float32_answers_as_transformers_does(opened, in_transformers, task):
    requests = requests_for(task.name, task.cases[:24], task.sampling)
    ours, theirs = (answers(m, requests) for m in (opened("merged"), in_transformers))
    assert {i: c.text for i, c in ours.items()} == {i: c.text for i, c in theirs.items()}
    for case_id, completion in ours.items():
        expected = theirs[case_id]
        assert completion.token_ids == expected.token_ids
        assert completion.finish_reason is expected.finish_reason is FinishReason.STOP
        assert completion.prompt_tokens == expected.prompt_tokens


@pytest.mark.slow
def test_a_file_of_float32_answers_300_cases_as_transformers_does(opened, in_transformers, task):
    requests = requests_for(task.name, task.cases, task.sampling)
    ours, theirs = (answers(m, requests) for m in (opened("merged"), in_transformers))
    same = sum(ours[i].text == theirs[i].text for i in theirs)
    assert len(theirs) == 300
    assert same >= 297


def test_a_lora_over_its_base_answers_as_the_merged_file(opened, task):
    requests = requests_for(task.name, task.cases[:12], task.sampling)
    over = opened("base", over="lora")
    assert ids(over, requests) == ids(opened("merged"), requests)
    assert ids(over, requests) != ids(opened("base"), requests)


def test_prompts_and_logits_are_those_of_transformers(opened, in_transformers, task):
    requests = requests_for(task.name, task.cases[:6], task.sampling)
    ours, theirs = (m.encode(requests, [7]) for m in (opened("merged"), in_transformers))
    assert ours.prompts == theirs.prompts
    assert (ours.vocabulary.eos, ours.vocabulary.pad) == (
        theirs.vocabulary.eos, theirs.vocabulary.pad,
    )  # fmt: skip
    assert ours.vocabulary.bos is theirs.vocabulary.bos is None
    assert ours.vocabulary.chat_template == theirs.vocabulary.chat_template
    assert (ours.vocabulary.size, ours.vocabulary.context) == (1280, 512)
    assert {i: ours.texts[i] for i in theirs.texts} == dict(theirs.texts)
    sequences = [p.token_ids for p in ours.prompts]
    assert (
        np.abs(logits(opened("merged"), sequences) - logits(in_transformers, sequences)).max()
        < 1e-2
    )


def test_what_the_template_is_told_reaches_the_prompt(opened, task):
    model = opened("base")
    template = model.vocabulary.template
    told = ChatTemplate(template.source + "{{ style }}", template.special_tokens)
    model.vocabulary.template = told
    try:
        requests = requests_for(task.name, task.cases[:1], task.sampling, template={"style": "a"})
        (prompt,) = model.encode(requests, ()).prompts
    finally:
        model.vocabulary.template = template
    assert prompt.text == template.render(requests[0].messages) + "a"


def test_the_record_says_what_was_opened(opened, in_transformers, gguf_file):
    plain, tuned = opened("base").describe(), opened("base", over="lora").describe()
    assert (plain.architecture, plain.dtype, plain.device) == ("qwen2", "f32", "cpu")
    assert plain.parameters == 1_773_312
    assert plain.chat_template_sha256 == in_transformers.describe().chat_template_sha256
    assert tuned.base_sha256 == plain.weights_sha256 != tuned.weights_sha256
    assert set(tuned.files) == {"base-f32.gguf", "lora-f32.gguf"}
    assert tuned.base == str(gguf_file("base"))
    other = opened("merged", "q8_0").describe()
    assert other.dtype == "q8_0"
    assert other.weights_sha256 != plain.weights_sha256
    assert other.tokenizer_sha256 == plain.tokenizer_sha256


def test_the_token_limit_cuts_and_says_so(opened):
    request = ask("Repeat: Ada Lovelace, 2020-01-01", max_new_tokens=3)
    (found,) = answers(opened("base"), [request]).values()
    assert found.finish_reason is FinishReason.LENGTH
    assert len(found.token_ids) == 3


def test_the_context_cuts_an_answer_before_its_token_limit(opened, in_transformers):
    """The prompt leaves room for a few tokens only; both count them alike."""
    request = ask("word " * 246, max_new_tokens=40)
    ours, theirs = (answers(m, [request])["a"] for m in (opened("merged"), in_transformers))
    assert ours.prompt_tokens == theirs.prompt_tokens
    assert len(ours.token_ids) == len(theirs.token_ids) == 512 - ours.prompt_tokens < 40


def test_a_prompt_longer_than_the_context_is_an_error_of_its_own(opened, in_transformers):
    requests = [ask("word " * 600), ask("Hi", "b")]
    found, theirs = (answers(m, requests) for m in (opened("base"), in_transformers))
    assert found["a"].finish_reason is FinishReason.ERROR
    assert found["a"].error == theirs["a"].error
    assert "the model holds 512" in (found["a"].error or "")
    assert found["b"].finish_reason is FinishReason.STOP


def test_a_timed_request_is_answered_alone(opened, task):
    """After the others, each a batch of its own, and with the same answer."""
    timed = requests_for(task.name, task.cases[:2], task.sampling, timed=True)
    model = opened("merged")
    requests = [*timed, *requests_for(task.name, task.cases[:2], task.sampling)]
    batches = model.batches(requests)
    assert [[r.timed for r in b] for b in batches] == [[False, False], [True], [True]]
    found = [c for b in batches for c in model.generate(b, lambda tokens, ended: None)]
    assert [c.timing.batch_rows for c in found] == [2, 2, 1, 1]
    assert all(0 < c.timing.first_token_seconds < c.timing.seconds for c in found)
    assert [c.text for c in found[2:]] == [answers(model, [r])[r.case_id].text for r in timed]


def test_every_token_is_counted(opened, task):
    requests = requests_for(task.name, task.cases[:5], task.sampling)
    model, steps = opened("merged"), []
    (batch,) = model.batches(requests)
    found = model.generate(batch, lambda *step: steps.append(step))
    assert sum(tokens for tokens, _ in steps) == sum(len(c.token_ids) for c in found)
    assert sum(ended for _, ended in steps) == 5


def test_a_small_token_budget_makes_more_batches(opened, gguf_file, task):
    requests = requests_for(task.name, task.cases[:8], task.sampling)
    ref = ModelRef("gguf", str(gguf_file("merged")))
    small = gguf.open_model(ref, EngineSettings("float32", "cpu", 600, 1))
    assert len(small.batches(requests)) > len(opened("merged").batches(requests)) == 1
    assert ids(small, requests) == ids(opened("merged"), requests)
    small.close()


def test_prompts_too_long_for_many_streams_are_answered_alone(opened, gguf_file, monkeypatch):
    """As if the memory held 3,000 tokens: nine streams of 256 fit into it, of 512 do not."""
    model = gguf.open_model(ModelRef("gguf", str(gguf_file("merged"))), SETTINGS)
    monkeypatch.setitem(model.__dict__, "_fitting_cells", 3_000)
    long = [ask("word " * n, f"long-{n}", max_new_tokens=20) for n in (200, 220)]
    requests = [*long, ask("Hi", "a", max_new_tokens=9), ask("Ho", "b", max_new_tokens=9)]
    batches = [{r.case_id for r in b} for b in model.batches(requests)]
    assert batches == [{"long-220"}, {"long-200"}, {"a", "b"}]
    found = answers(model, long)
    assert [c.shape.streams for c in model.contexts.opened] == [1]
    expected = answers(opened("merged"), long)
    assert {i: c.text for i, c in found.items()} == {i: c.text for i, c in expected.items()}
    model.close()


def test_special_tokens_and_broken_letters_stay_in_a_text(opened, in_transformers):
    ours, theirs = opened("base").vocabulary, in_transformers.tokenizer
    euro = ours.encode("€")
    for said in (
        ours.encode("a<|im_start|>b"),
        euro,
        euro[:-1],
        [*euro[1:], 1],
        [*euro[:1], *euro],
    ):
        expected = theirs.decode(
            said, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        assert ours.decode(said) == expected
    assert len(euro) > 1
    assert ours.decode(euro[:-1]) == "�"


def test_gpt2_answers_in_its_own_chat_format(opened, task):
    requests = requests_for(task.name, task.cases[:4], task.sampling)
    found = answers(opened("gpt2"), requests)
    assert {c.finish_reason for c in found.values()} == {FinishReason.STOP}
    assert all("name" in c.text and "<|endoftext|>" not in c.text for c in found.values())


def test_a_gpu_that_llama_cpp_has_not_is_one_line(gguf_file):
    ref = ModelRef("gguf", str(gguf_file("base")))
    with pytest.raises(
        HarnessError, match="--device cuda: this llama-cpp-python was built without"
    ):
        gguf.open_model(ref, EngineSettings(device="cuda"))


@pytest.mark.parametrize(("free_mb", "where"), [(10_000.0, "CPU"), (5.0, "CPU_Mapped")])
def test_weights_are_read_where_they_fit_and_mapped_where_not(
    gguf_file, monkeypatch, free_mb, where
):
    """Mapped, what llama.cpp repacks for its kernels would count twice as long as there is room."""
    monkeypatch.setattr(llama_library, "available_mb", lambda device: free_mb)
    gguf.open_model(ModelRef("gguf", str(gguf_file("merged"))), SETTINGS).close()
    lines = [line for _, line in LOG.lines if "model buffer size" in line]
    assert [line.split(": ")[-1].split()[0] for line in lines] == [where]


def test_the_cache_is_of_the_size_that_is_computed(opened):
    """llama.cpp logs what it takes: 4 layers, 2 heads of 32 keys and 32 values, float16."""
    model = opened("base")
    assert model.cache_bytes_per_token == 4 * 2 * (32 + 32) * 2
    shape = ContextShape(9, cells=256, ubatch_tokens=64, outputs=9, threads=1)
    LOG.listen()  # an export in this process has listened since
    LlamaContext(model.loaded, shape).close()
    expected = 9 * 256 * model.cache_bytes_per_token / 2**20
    lines = [line for _, line in LOG.lines if "KV buffer size" in line]
    assert any(f"{expected:.2f} MiB" in line for line in lines), lines
