"""What is found in the bundled models' files, whole and damaged in one place each."""

import json

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.portable import portable
from harness.model_files.examine import examine, examine_all
from harness.model_files.finding import Level
from harness.run.preflight import preflight
from tests.model_files.copies import ADAPTER, change, copy, found, said
from tests.models import TINY_GPT2, TINY_QWEN2


@pytest.fixture
def qwen(tmp_path):
    return copy(TINY_QWEN2, tmp_path)


def test_nothing_is_wrong_with_the_bundled_models():
    assert found(f"base:{TINY_QWEN2}") == []
    assert found(f"adapter:{ADAPTER}+base={TINY_QWEN2}", is_thorough=True) == []


def test_padding_with_the_end_is_good_to_know_and_stops_nothing():
    ((level, text),) = found(f"base:{TINY_GPT2}")
    assert level is Level.NOTE
    assert "PAD is EOS (<|endoftext|>)" in text


def test_an_end_that_the_template_does_not_write_never_stops(qwen):
    for name in ("generation_config.json", "config.json"):
        change(qwen / name, eos_token_id=0)
    change(qwen / "tokenizer_config.json", eos_token="<|endoftext|>")
    assert (
        "chat_template.jinja: the chat template ends an answer with <|im_end|> (2), generation "
        "stops at <|endoftext|> (0); a model trained on it never stops"
    ) in said(Level.WARNING, f"base:{qwen}")


def test_files_that_name_two_ends_are_told(qwen):
    change(qwen / "generation_config.json", eos_token_id=[0, 1])
    assert "the answer ends at <|endoftext|> (0), <|im_start|> (1), in" in said(
        Level.WARNING, f"base:{qwen}"
    )


def test_an_end_that_is_no_token_stops_the_run(qwen):
    change(qwen / "tokenizer_config.json", eos_token="<|eot|>")
    assert "EOS is '<|eot|>', which the vocabulary does not hold" in said(
        Level.PROBLEM, f"base:{qwen}"
    )


def test_an_end_beyond_the_vocabulary_stops_the_run(qwen):
    change(qwen / "generation_config.json", eos_token_id=5000)
    assert "ends at id 5000, the vocabulary has 1280" in said(Level.PROBLEM, f"base:{qwen}")


def test_fewer_embeddings_than_tokens_stop_the_run(qwen):
    file = qwen / "tokenizer.json"
    tokenizer = json.loads(file.read_text("utf-8"))
    tokenizer["added_tokens"].append({"id": 1290, "content": "<|extra|>", "special": True})
    file.write_text(json.dumps(tokenizer), "utf-8")
    assert "the embeddings have 1,280 rows, the vocabulary needs 1,291" in said(
        Level.PROBLEM, f"base:{qwen}"
    )


def test_more_embeddings_than_tokens_are_padding(qwen):
    file = qwen / "tokenizer.json"
    tokenizer = json.loads(file.read_text("utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {t: i for t, i in vocabulary.items() if i < 1270}
    file.write_text(json.dumps(tokenizer), "utf-8")
    assert "1,280 rows, the vocabulary uses 1,270" in said(Level.NOTE, f"base:{qwen}")


def test_a_configuration_of_another_size_stops_the_run(qwen):
    change(qwen / "config.json", vocab_size=1281)
    assert "vocab_size is 1,281" in said(Level.PROBLEM, f"base:{qwen}")


def test_cut_weights_are_the_models_own_error(qwen):
    file = qwen / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "model.safetensors: was cut short" in said(Level.PROBLEM, f"base:{qwen}")
    assert preflight([ModelRef.parse(f"base:{qwen}")]).warnings == {}


def test_a_missing_shard_is_told(qwen):
    index = {"weight_map": {"a": "one.safetensors", "b": "../../two.safetensors"}}
    (qwen / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    assert said(Level.PROBLEM, f"base:{qwen}") == ""  # one file goes before an index
    (qwen / "model.safetensors").unlink()
    text = said(Level.PROBLEM, f"base:{qwen}")
    assert "the shard one.safetensors is not there" in text
    assert "the shard ../../two.safetensors is not there" in text


def test_a_damaged_tokenizer_is_told(qwen):
    (qwen / "tokenizer.json").write_text("{", "utf-8")
    assert "tokenizer.json: is no JSON" in said(Level.PROBLEM, f"base:{qwen}")


@pytest.mark.parametrize(
    ("template", "said_of_it"),
    [
        ("{{ raise_exception('only system turns') }}", "only system turns"),
        ("{% for", "unexpected"),
        ("hello", "leaves out the question or the answer"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_told(qwen, template, said_of_it):
    (qwen / "chat_template.jinja").write_text(template, "utf-8")
    text = said(Level.WARNING, f"base:{qwen}").lower()
    assert "cannot write one question and its answer" in text
    assert said_of_it in text


def test_a_template_that_begins_as_the_tokenizer_does_is_known(qwen):
    file = qwen / "tokenizer.json"
    tokenizer = json.loads(file.read_text("utf-8"))
    begin = {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
    tokenizer["post_processor"]["single"].insert(0, begin)
    file.write_text(json.dumps(tokenizer), "utf-8")
    change(qwen / "tokenizer_config.json", bos_token="<|endoftext|>")
    assert "the chat template does not" in said(Level.NOTE, f"base:{qwen}")
    template = qwen / "chat_template.jinja"
    template.write_text("{{ bos_token }}" + template.read_text("utf-8"), "utf-8")
    assert "both begin with BOS" in said(Level.NOTE, f"base:{qwen}")


def test_a_relatives_template_is_held_against_the_one_before(qwen):
    refs = (f"base:{TINY_QWEN2}", f"merged:{qwen}")
    base = portable(refs[0])
    template = qwen / "chat_template.jinja"
    whole = template.read_text("utf-8")
    template.write_text(whole + "\n", "utf-8")
    assert f"differs from that of {base} by blanks" in said(Level.WARNING, *refs)
    template.write_text(whole.replace("assistant", "helper"), "utf-8")
    assert f"is not that of {base}" in said(Level.WARNING, *refs)
    template.unlink()
    assert f"the chat template of {base} is lost" in said(Level.PROBLEM, *refs)


def test_a_stranger_has_a_template_of_its_own():
    assert said(Level.WARNING, f"base:{TINY_QWEN2}", f"base:{TINY_GPT2}") == ""


def test_problems_stop_a_run_and_warnings_stay(qwen):
    ref = ModelRef.parse(f"base:{qwen}")
    change(qwen / "generation_config.json", eos_token_id=1)
    (line,) = preflight([ref]).warnings[str(ref)]
    assert line.startswith("generation_config.json: the answer ends at <|im_start|> (1)")
    change(qwen / "config.json", vocab_size=7)
    with pytest.raises(HarnessError, match=f"--model base:{qwen}: config.json: vocab_size is 7"):
        preflight([ref])


def test_the_size_is_of_all_that_is_opened():
    size = examine(ModelRef.parse(f"adapter:{ADAPTER}+base={TINY_QWEN2}")).size_bytes
    files = (ADAPTER / "adapter_model.safetensors", TINY_QWEN2 / "model.safetensors")
    assert size == sum(file.stat().st_size for file in files)


ODD = (None, True, 7, -1, 0.5, "", "x", [], [None], ["q"], {}, {"a": 1}, [[1], {"content": 3}])
READ = {
    "config.json": ("architectures", "vocab_size", "max_position_embeddings", "eos_token_id"),
    "generation_config.json": ("eos_token_id",),
    "tokenizer_config.json": (
        "eos_token", "pad_token", "bos_token", "added_tokens_decoder", "chat_template",
    ),
    "tokenizer.json": ("model", "added_tokens", "post_processor"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_whatever_a_member_holds_the_model_is_looked_into(qwen, name):
    whole = (qwen / name).read_text("utf-8")
    ref = ModelRef.parse(f"base:{qwen}")
    for key in READ[name]:
        for value in ODD:
            change(qwen / name, **{key: value})
            for finding in examine(ref).findings:
                assert "\n" not in str(finding)
            (qwen / name).write_text(whole, "utf-8")


def test_whatever_an_adapter_says_it_is_looked_into(tmp_path):
    adapter = copy(ADAPTER, tmp_path)
    ref = ModelRef.parse(f"adapter:{adapter}+base={TINY_QWEN2}")
    read = {
        "adapter_config.json": (
            "peft_type", "r", "lora_alpha", "target_modules", "init_lora_weights", "rank_pattern",
            "modules_to_save", "use_dora", "bias",
        ),
        "training.json": ("base",),
    }  # fmt: skip
    for name, keys in read.items():
        whole = (adapter / name).read_text("utf-8")
        for key in keys:
            for value in ODD:
                change(adapter / name, **{key: value})
                for finding in examine(ref).findings:
                    assert "\n" not in str(finding)
                (adapter / name).write_text(whole, "utf-8")


def test_another_pre_tokenizer_over_the_same_vocabulary_is_told(qwen):
    rules = json.loads((qwen / "tokenizer.json").read_text("utf-8"))
    level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    (qwen / "tokenizer.json").write_text(json.dumps({**rules, "pre_tokenizer": level}), "utf-8")
    text = said(Level.WARNING, f"base:{TINY_QWEN2}", f"merged:{qwen}")
    assert "the pre-tokenizer is gpt-2, that of base:" in text
    assert "tiny-qwen2 is qwen2; some texts become other tokens" in text


# Prompts


TURNS = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
INST = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% else %} {{ m.content }}<|im_end|>{% endif %}{% endfor %}"
)
THINKING = TURNS + "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"


def test_a_template_that_never_opens_the_answer_is_told(qwen):
    (qwen / "chat_template.jinja").write_text(TURNS, "utf-8")
    text = said(Level.WARNING, f"base:{qwen}")
    assert "a prompt does not open the answer: '<|im_start|>assistant␊' is missing" in text


@pytest.mark.parametrize("template", [INST, THINKING])
def test_a_template_that_opens_the_answer_in_its_own_way_is_fine(qwen, template):
    """The end of the question opens it, or more stands there than the history keeps."""
    (qwen / "chat_template.jinja").write_text(template, "utf-8")
    assert "does not open" not in said(Level.WARNING, f"base:{qwen}")


def test_a_template_that_reads_the_clock_is_told_of_and_what_it_is_told(qwen):
    template = qwen / "chat_template.jinja"
    template.write_text("{{ strftime_now('%Y') }}" + template.read_text("utf-8"), "utf-8")
    text = said(Level.NOTE, f"base:{qwen}")
    assert "the chat template reads the clock; it is told 2025-01-01T12:00:00 in every run" in text


def test_a_template_that_draws_at_random_is_told_of(qwen):
    template = qwen / "chat_template.jinja"
    template.write_text("{{ ['a', 'b'] | random }}" + template.read_text("utf-8"), "utf-8")
    assert "draws at random" in said(Level.WARNING, f"base:{qwen}")


def test_an_argument_that_the_template_does_not_read_is_a_warning_of_the_run(qwen):
    template = qwen / "chat_template.jinja"
    template.write_text(template.read_text("utf-8") + "{{ enable_thinking }}", "utf-8")
    ref = ModelRef.parse(f"base:{qwen}")
    assert preflight([ref], ["enable_thinking"]).warnings == {}
    ((line,),) = preflight([ref], ["enable_thinkin"]).warnings.values()
    assert line == (
        "chat_template.jinja: the chat template does not read the argument enable_thinkin; "
        "did you mean 'enable_thinking'?"
    )


@pytest.mark.parametrize("place", ["configuration", "folder"])
def test_several_templates_without_a_default_stop_the_run(qwen, place):
    template = qwen / "chat_template.jinja"
    text = template.read_text("utf-8")
    template.unlink()
    if place == "folder":
        (qwen / "additional_chat_templates").mkdir()
        for name in ("chat", "tool_use"):
            (qwen / f"additional_chat_templates/{name}.jinja").write_text(text, "utf-8")
    else:
        templates = [{"name": name, "template": text} for name in ("tool_use", "chat")]
        change(qwen / "tokenizer_config.json", chat_template=templates)
    assert "there are the chat templates chat, tool_use and none called default" in said(
        Level.PROBLEM, f"base:{qwen}"
    )
    assert "there is no chat template" not in said(Level.NOTE, f"base:{qwen}")


def test_of_several_templates_the_default_is_looked_into(qwen):
    text = (qwen / "chat_template.jinja").read_text("utf-8")
    (qwen / "chat_template.jinja").unlink()
    named = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": text}]
    change(qwen / "tokenizer_config.json", chat_template=named)
    assert found(f"base:{qwen}") == []


@pytest.mark.parametrize("kind", ["base", "merged"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_model_without_a_template_has_one_verdict_in_either_order(qwen, kind, is_first):
    """Two bases are nobody's copies; a merged model has lost what the other has."""
    (qwen / "chat_template.jinja").unlink()
    refs = [ModelRef.parse(f"base:{TINY_QWEN2}"), ModelRef.parse(f"{kind}:{qwen}")]
    examined = {e.ref.location: e for e in examine_all(refs[:: -1 if is_first else 1])}
    assert {f.level for f in examined[str(TINY_QWEN2)].findings} <= {Level.NOTE}
    levels = {f.level for f in examined[str(qwen)].findings} - {Level.NOTE}
    assert levels == {Level.WARNING if kind == "base" else Level.PROBLEM}
