"""GGUF files made for one fault each, by the official package."""

import gguf
import numpy
import pytest

from harness.model_files.finding import Level
from harness.model_files.gguf_findings import gguf_findings, lora_findings
from harness.model_files.gguf_header import read_gguf_header
from harness.model_files.gguf_tokens import gguf_tokens
from harness.model_files.provenance_keys import BASE_WEIGHTS_SHA256, SOURCE_WEIGHTS_SHA256
from harness.model_files.token_findings import copy_findings, token_findings

TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b"]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def model(path, *, rows=5, eos=2, template=CHATML, context=64, **texts):
    """A model's file of five tokens; ``texts`` are metadata besides."""
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_file_type(0)
    if context:
        writer.add_context_length(context)
    writer.add_array("tokenizer.ggml.tokens", TOKENS)
    writer.add_array("tokenizer.ggml.token_type", [3, 3, 3, 1, 1])
    writer.add_uint32("tokenizer.ggml.eos_token_id", eos)
    if template:
        writer.add_string("tokenizer.chat_template", template)
    shapes = {"token_embd.weight": (rows, 32), "blk.0.attn_q.weight": (16, 32)}
    return finished(path, writer, shapes, texts)


def lora(path, architecture="qwen2", shapes=None, **texts):
    """A LoRA's file of rank 4 over ``blk.0.attn_q``."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    shapes = shapes or {
        "blk.0.attn_q.weight.lora_a": (4, 32),
        "blk.0.attn_q.weight.lora_b": (16, 4),
    }
    return finished(path, writer, shapes, texts)


def finished(path, writer, shapes, texts):
    for key, value in texts.items():
        writer.add_string(key, value)
    for name, shape in shapes.items():
        writer.add_tensor(name, numpy.zeros(shape, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return read_gguf_header(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.gguf"


def of_model(path, **changes):
    """What is said of a model's file."""
    gguf_file = model(path, **changes)
    tokens = gguf_tokens(gguf_file)
    return [(f.level, str(f)) for f in (*gguf_findings(gguf_file, tokens), *token_findings(tokens))]


def test_nothing_is_wrong_with_a_sound_file(path):
    assert of_model(path) == []


def test_a_missing_template_is_told(path):
    levels = [level for level, _ in of_model(path, template="")]
    assert levels == [Level.WARNING, Level.NOTE]


def test_an_end_beyond_the_vocabulary_stops_the_run(path):
    found = of_model(path, eos=9)
    assert any(
        level is Level.PROBLEM and "EOS is id 9, the vocabulary has 5" in text
        for level, text in found
    )


def test_rows_that_are_not_the_vocabularys_stop_the_run(path):
    ((level, text),) = of_model(path, rows=6)
    assert level is Level.PROBLEM
    assert "the embeddings have 6 rows, the vocabulary lists 5" in text


def test_an_end_that_the_template_does_not_write_is_told(path):
    ((level, text),) = of_model(path, eos=0)
    assert level is Level.WARNING
    assert "ends an answer with <|im_end|> (2), generation stops at <|endoftext|> (0)" in text


def test_a_missing_context_is_told(path):
    ((level, text),) = of_model(path, context=0)
    assert level is Level.WARNING
    assert text.startswith("qwen2.context_length: it is missing")


def test_a_template_is_held_against_another_files(path, tmp_path):
    mine = gguf_tokens(model(path))
    other = gguf_tokens(model(tmp_path / "o.gguf", template=CHATML.replace("\n", " ")))
    (finding,) = copy_findings(mine, other, "base:x")
    assert finding.what == "the chat template is not that of base:x"


def of_lora(tmp_path, base=None, **changes):
    base_file = model(tmp_path / "base.gguf", **(base or {}))
    lora_file = lora(tmp_path / "lora.gguf", **changes)
    return [str(f) for f in lora_findings(lora_file, base_file)]


def test_a_lora_over_its_base_is_sound(tmp_path):
    assert of_lora(tmp_path) == []


def test_a_lora_for_another_architecture_is_told(tmp_path):
    (text,) = of_lora(tmp_path, architecture="llama")
    assert "it is made for llama, the base is qwen2" in text


def test_a_lora_of_another_base_is_told_by_its_hash(tmp_path):
    (text,) = of_lora(
        tmp_path, {SOURCE_WEIGHTS_SHA256: "a" * 64}, **{BASE_WEIGHTS_SHA256: "b" * 64}
    )
    assert "it was trained over weights bbbbbbbbbbbb, the base holds aaaaaaaaaaaa" in text


def test_a_lora_of_another_width_is_told(tmp_path):
    shapes = {"blk.0.attn_q.weight.lora_a": (4, 64)}
    (text,) = of_lora(tmp_path, shapes=shapes)
    assert "it is made for 64 numbers, the base has 32 there" in text


def test_a_lora_for_a_tensor_that_is_not_there_is_told(tmp_path):
    (text,) = of_lora(tmp_path, shapes={"blk.7.attn_q.weight.lora_a": (4, 32)})
    assert "the base has no such tensor" in text


def test_a_model_is_no_lora_and_a_lora_no_model(tmp_path):
    one, two = model(tmp_path / "b.gguf"), lora(tmp_path / "l.gguf")
    assert "adapter.type: is 'None', not lora" in str(next(lora_findings(one, one)))
    (finding,) = gguf_findings(two, gguf_tokens(two))
    assert finding.level is Level.PROBLEM
    assert finding.what == "it is a LoRA, no model"
