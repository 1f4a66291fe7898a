"""Base, adapter and merged models on the bundled weights, opened in this process."""

import shutil
from dataclasses import replace

import pytest

from harness.backends import adapter, base, merged
from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.hf import model as hf_model
from harness.engine.hf import shared_prefix
from harness.engine.model import EngineSettings
from harness.engine.row import Row
from harness.export.source import Fingerprints, open_source
from harness.model_files.finding import Level
from harness.model_files.folders import check_whole_model
from harness.model_files.hub import local_folder
from harness.tasks.task import load_task
from tests.model_files.copies import ADAPTER, change, copy, said
from tests.models import TASKS, TINY_GPT2, TINY_QWEN2

# peft still asks transformers under the old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

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


@pytest.fixture(scope="module")
def tiny_gpt2():
    return base.open_model(ModelRef("base", str(TINY_GPT2)), SETTINGS)


def answers(model, requests):
    """Completions by case, over however many batches."""
    batches = model.batches(requests)
    return {c.case_id: c for b in batches for c in model.generate(b, lambda tokens, ended: None)}


@pytest.fixture
def without_sharing(monkeypatch):
    """A function that has every row's whole prompt go through the model from then on."""
    return lambda: monkeypatch.setattr(shared_prefix, "MIN_SAVED_TOKENS", 10**9)


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


@pytest.mark.parametrize("kind", ["PromptTuningConfig", "PrefixTuningConfig"])
def test_an_adapter_that_puts_tokens_before_the_prompt_is_refused(kind, tmp_path):
    """Decoded step by step it would answer, and wrongly."""
    import peft
    from transformers import AutoModelForCausalLM

    config = getattr(peft, kind)(task_type="CAUSAL_LM", num_virtual_tokens=4)
    plain = AutoModelForCausalLM.from_pretrained(TINY_QWEN2)
    peft.get_peft_model(plain, config).save_pretrained(tmp_path)
    ref = ModelRef("adapter", str(tmp_path), (("base", str(TINY_QWEN2)),))
    with pytest.raises(HarnessError, match=r"peft_type P.*_TUNING puts tokens of its own before"):
        adapter.open_model(ref, SETTINGS)


def test_a_merged_model_says_what_its_adapter_says(tiny_adapter, requests, tmp_path):
    whole = adapter.open_model(
        ModelRef("adapter", str(ADAPTER), (("base", str(TINY_QWEN2)),)), SETTINGS
    )
    whole.model.merge_and_unload().save_pretrained(tmp_path)
    whole.tokenizer.save_pretrained(tmp_path)
    ref = ModelRef("merged", str(tmp_path))
    merged.preflight(ref, SETTINGS)
    texts = {i: c.text for i, c in answers(merged.open_model(ref, SETTINGS), requests).items()}
    assert texts == {i: c.text for i, c in answers(tiny_adapter, requests).items()}


def test_gpt2_answers_in_its_own_chat_format(tiny_gpt2, requests):
    found = answers(tiny_gpt2, requests[:4])
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


def test_requests_that_memory_has_no_room_for_wait_in_one_batch(tiny_base, requests, monkeypatch):
    """Four or more of the sixteen at once; a prompt much longer than the others waits by itself."""
    whole = {i: c.text for i, c in answers(tiny_base, requests).items()}
    assert len({len(text) for text in whole.values()}) > 1
    widest = max(tiny_base._width(r) for r in requests)
    monkeypatch.setattr(hf_model, "MAX_BATCH_TOKENS", 4 * widest)
    assert len(tiny_base.batches(requests)) == 1
    found = answers(tiny_base, requests)
    assert {i: c.text for i, c in found.items()} == whole
    assert {c.timing.batch_rows for c in found.values()} == {4}
    long = ask("word " * 300, max_new_tokens=requests[0].sampling.max_new_tokens)
    assert list(map(len, tiny_base.batches([*requests, long]))) == [1, len(requests)]


@pytest.mark.parametrize("name", ["tiny_base", "tiny_adapter", "tiny_gpt2"])
def test_a_tasks_instructions_computed_once_change_no_answer(name, request, without_sharing):
    model = request.getfixturevalue(name)
    tasks = [load_task(TASKS / task) for task in ("json_extraction", "code_assistant")]
    asked = [r for task in tasks for r in requests_for(task.name, shortest(task), task.sampling)]
    assert len(model.batches(asked)) == 1
    once = prefilled(model, asked)
    assert once < sum(len(model._prompts[r.key].token_ids) for r in asked)
    texts = {i: c.text for i, c in answers(model, asked).items()}
    without_sharing()
    assert prefilled(model, asked) > 1.4 * once
    assert texts == {i: c.text for i, c in answers(model, asked).items()}


def shortest(task):
    """Eight cases whose prompts are instructions for the most part."""
    return sorted(task.cases, key=lambda case: len(case.prompt))[:8]


def prefilled(model, requests):
    """Tokens that go through the model until each request has its first token."""
    columns = []
    hook = model.model.register_forward_pre_hook(
        lambda _, args, inputs: columns.append(inputs["input_ids"].numel()), with_kwargs=True
    )
    one_token = [replace(r, sampling=replace(r.sampling, max_new_tokens=1)) for r in requests]
    answers(model, one_token)
    hook.remove()
    return sum(columns)


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


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub's cache with two revisions of someone/tiny: ``main``, and ``step-1000`` whose head and
    embedding are zero."""
    from huggingface_hub import constants
    from safetensors.torch import load_file, save_file

    cached = tmp_path / "cache/models--someone--tiny"
    (cached / "refs").mkdir(parents=True)
    for name, commit in (("main", "0" * 40), ("step-1000", "1" * 40)):
        shutil.copytree(TINY_QWEN2, cached / "snapshots" / commit)
        (cached / "refs" / name).write_text(commit)
    file = cached / "snapshots" / ("1" * 40) / "model.safetensors"
    weights = load_file(file)
    weights["model.embed_tokens.weight"].zero_()
    save_file(weights, file, {"format": "pt"})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    return cached / "snapshots"


def test_a_revision_of_a_hub_id_is_opened(hub):
    assert local_folder("someone/tiny").name == "0" * 40
    assert local_folder("someone/tiny@step-1000").name == "1" * 40
    opened = base.open_model(ModelRef("base", "someone/tiny@step-1000"), SETTINGS)
    assert not next(iter(opened.logits([[5]]))).any()
    with pytest.raises(HarnessError, match="step-2000 is no folder and was never downloaded"):
        check_whole_model("--model base:x", "someone/tiny@step-2000")


def test_an_adapter_s_base_is_of_the_revision_that_it_pins(hub, tmp_path):
    folder = copy(ADAPTER, tmp_path)
    change(folder / "adapter_config.json", base_model_name_or_path="someone/tiny", revision="main")
    ref = ModelRef("adapter", str(folder))
    assert adapter.open_model(ref, SETTINGS).describe().base == "someone/tiny@main"
    change(folder / "adapter_config.json", revision="step-1000")
    opened = adapter.open_model(ref, SETTINGS)
    assert opened.describe().base == "someone/tiny@step-1000"
    assert not next(iter(opened.logits([[5]]))).any()
    assert open_source(str(folder)).folder == hub / ("1" * 40)


def test_a_pinned_revision_that_a_folder_may_not_be_is_told(tmp_path):
    folder = copy(ADAPTER, tmp_path)
    change(folder / "adapter_config.json", revision="step-1000")
    assert "it pins the revision step-1000" in said(Level.WARNING, f"adapter:{folder}")
    source = open_source(str(folder))
    (first, *_) = Fingerprints.of(source).warnings(source)
    assert "the adapter pins the revision step-1000 of its base" in first


def test_a_device_that_is_not_there_is_one_line():
    with pytest.raises(HarnessError, match="--device warp: no such device, try cpu"):
        base.open_model(ModelRef("base", str(TINY_QWEN2)), EngineSettings(device="warp"))
