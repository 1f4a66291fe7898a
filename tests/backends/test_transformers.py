"""Base, adapter and merged models on the bundled weights, opened in this process."""

import shutil

import pytest

from harness.backends import adapter, base, merged
from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.folders import check_whole_model
from harness.engine.loading import local_folder
from harness.engine.model import EngineSettings
from harness.engine.row import Row
from harness.tasks import load_task
from tests.models import ROOT, TASKS, TINY_GPT2, TINY_QWEN2

# peft still asks transformers under the old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"
SETTINGS = EngineSettings(device="cpu", dtype="float32", threads=1)


@pytest.fixture(scope="module")
def requests():
    task = load_task(TASKS / "json_extraction")
    return requests_for(task.name, task.cases[:12], task.sampling)


@pytest.fixture(scope="module")
def tiny_base():
    return base.open_model(ModelRef("base", str(TINY_QWEN2)), SETTINGS)


@pytest.fixture(scope="module")
def tiny_adapter():
    return adapter.open_model(
        ModelRef("adapter", str(ADAPTER), (("base", str(TINY_QWEN2)),)), SETTINGS
    )


def answers(model, requests):
    """Completions by case, over however many batches."""
    batches = model.batches(requests)
    return {c.case_id: c for b in batches for c in model.generate(b, lambda tokens, ended: None)}


def ask(text: str, **sampling) -> Request:
    return Request("t", "a", (Message("user", text),), Sampling(**sampling))


def test_an_adapter_changes_what_its_base_says(tiny_base, tiny_adapter, requests):
    before, after = answers(tiny_base, requests), answers(tiny_adapter, requests)
    assert any(not c.text.startswith('{"name"') for c in before.values())
    assert all(c.text.startswith('{"name": "') and c.text.endswith("}") for c in after.values())
    assert {c.finish_reason for c in after.values()} == {FinishReason.STOP}


def test_the_record_says_what_was_opened(tiny_base, tiny_adapter):
    plain, tuned = tiny_base.describe(), tiny_adapter.describe()
    assert plain.parameters == 1_773_312
    assert (plain.architecture, plain.dtype, plain.device) == ("Qwen2ForCausalLM", "float32", "cpu")
    assert tuned.base_sha256 == plain.weights_sha256
    assert tuned.weights_sha256 != plain.weights_sha256
    assert tuned.chat_template_sha256 == plain.chat_template_sha256
    assert "adapter_model.safetensors" in tuned.files


def test_a_merged_model_says_what_its_adapter_says(tiny_adapter, requests, tmp_path):
    whole = adapter.open_model(
        ModelRef("adapter", str(ADAPTER), (("base", str(TINY_QWEN2)),)), SETTINGS
    )
    whole.model.merge_and_unload().save_pretrained(tmp_path)
    whole.tokenizer.save_pretrained(tmp_path)
    ref = ModelRef("merged", str(tmp_path))
    merged.preflight(ref)
    texts = {i: c.text for i, c in answers(merged.open_model(ref, SETTINGS), requests).items()}
    assert texts == {i: c.text for i, c in answers(tiny_adapter, requests).items()}


def test_gpt2_answers_in_its_own_chat_format(requests):
    model = base.open_model(ModelRef("base", str(TINY_GPT2)), SETTINGS)
    found = answers(model, requests[:4])
    assert all("<|endoftext|>" not in c.text for c in found.values())
    assert {c.finish_reason for c in found.values()} == {FinishReason.STOP}
    assert all("name" in c.text for c in found.values())


def test_a_small_token_budget_makes_more_batches_and_the_same_answers(tiny_base, requests):
    small = base.open_model(
        ModelRef("base", str(TINY_QWEN2)), EngineSettings("float32", "cpu", 600, 1)
    )
    assert len(small.batches(requests)) > len(tiny_base.batches(requests)) == 1
    together, apart = answers(tiny_base, requests), answers(small, requests)
    assert {i: c.text for i, c in together.items()} == {i: c.text for i, c in apart.items()}


def test_the_token_limit_cuts_and_says_so(tiny_base):
    (found,) = answers(
        tiny_base, [ask("Repeat: Ada Lovelace, 2020-01-01", max_new_tokens=3)]
    ).values()
    assert found.finish_reason is FinishReason.LENGTH
    assert len(found.token_ids) == 3


def test_a_prompt_longer_than_the_context_is_an_error_of_its_own(tiny_base):
    long, short = ask("word " * 600), Request("t", "b", (Message("user", "Hi"),), Sampling())
    found = answers(tiny_base, [long, short])
    assert found["a"].finish_reason is FinishReason.ERROR
    assert "the model holds 512" in (found["a"].error or "")
    assert found["b"].finish_reason is FinishReason.STOP


def test_special_tokens_in_an_answer_stay_in_its_text(tiny_base):
    request = ask("Hi")
    tiny_base.batches([request])
    ids = tiny_base.tokenizer("a<|im_start|>b", add_special_tokens=False)["input_ids"]
    row = Row([1], 0, 9, token_ids=[*ids, tiny_base.tokenizer.eos_token_id], ended=True)
    assert tiny_base._completion(request, row, 1).text == "a<|im_start|>b"


def test_a_hub_id_is_opened_from_the_hubs_cache(tmp_path, monkeypatch, requests):
    """A cache as the hub's client lays it out, filled with the bundled model; no network."""
    from huggingface_hub import constants

    commit = "0" * 40
    cached = tmp_path / "models--someone--tiny"
    shutil.copytree(TINY_QWEN2, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    assert local_folder("someone/tiny") == cached / "snapshots" / commit
    found = answers(base.open_model(ModelRef("base", "someone/tiny"), SETTINGS), requests[:2])
    assert {c.finish_reason for c in found.values()} == {FinishReason.STOP}
    with pytest.raises(HarnessError, match="was never downloaded, and HF_HUB_OFFLINE is set"):
        check_whole_model("--model base:someone/other", "someone/other")


def test_a_device_that_is_not_there_is_one_line():
    with pytest.raises(HarnessError, match="--device warp: no such device, try cpu"):
        base.open_model(ModelRef("base", str(TINY_QWEN2)), EngineSettings(device="warp"))
