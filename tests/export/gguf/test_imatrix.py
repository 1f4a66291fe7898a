"""Importance matrices that are collected through llama.cpp, against sums made by others."""

from importlib.util import find_spec

import numpy as np
import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.export import to_gguf
from harness.export.gguf import imatrix
from harness.export.gguf.imatrix import Calibration, collect
from harness.export.gguf.imatrix_file import read_matrix, write_matrix
from harness.model_files.gguf_header import read_gguf_header
from tests.export.exporting import export_gguf
from tests.models import ROOT, TINY_QWEN2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llama_cpp") is None, reason="without the extra gguf"),
]
TEXTS = ("Pay 12 euros to Ann.", "Extract fields.\nText: On 3 May, Bo paid 7.")
CONVERSATIONS = (
    (Message("user", TEXTS[0]), Message("assistant", '{"amount": 12}')),
    (Message("user", TEXTS[1]),),
)
DATA = Calibration("two rows", CONVERSATIONS, {})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("imatrix") / "f32.gguf"
    export_gguf(TINY_QWEN2, path, "f32")
    return path


@pytest.fixture(scope="module")
def collected(model):
    target = model.with_name("m.gguf")
    steps = []
    found = collect(model, DATA, target, model.with_name("asked"), lambda *s: steps.append(s))
    assert steps == [(1, 2), (2, 2)]
    return found, read_matrix(target)


def token_ids():
    """What transformers makes of the conversations."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(TINY_QWEN2)
    for conversation in CONVERSATIONS:
        messages = [{"role": m.role, "content": m.content} for m in conversation]
        is_asking = conversation[-1].role == "user"
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=is_asking
        )
        yield tokenizer(text)["input_ids"]


def test_the_first_block_is_fed_what_numpy_computes(model, collected):
    """q, k and v are fed normalized embeddings: x / sqrt(mean(x^2) + eps) * weight."""
    header = read_gguf_header(model)

    def weight(name):
        tensor = header.tensors[name]
        found = np.fromfile(model, np.float32, tensor.numel, offset=tensor.start)
        return found.reshape(tensor.shape)

    ids = [i for row in token_ids() for i in row]
    rows = weight("token_embd.weight")[ids]
    epsilon = header.metadata["qwen2.attention.layer_norm_rms_epsilon"]
    rows = rows / np.sqrt((rows**2).mean(1, keepdims=True) + epsilon)
    wanted = ((rows * weight("blk.0.attn_norm.weight")) ** 2).mean(0)
    found, matrix = collected
    assert (found.tokens, found.refused) == (len(ids), 0)
    for name in "qkv":
        np.testing.assert_allclose(matrix.values[f"blk.0.attn_{name}.weight"], wanted, rtol=1e-5)


def test_every_weight_is_fed_what_transformers_computes(collected):
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(TINY_QWEN2, dtype=torch.float32).eval()
    sums, rows = {}, 0

    def hook(name):
        def add(module, inputs, output):
            sums[name] = sums.get(name, 0) + inputs[0].double().pow(2).sum((0, 1))

        return add

    names = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output"}
    names |= {"gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}
    for number, block in enumerate(network.model.layers):
        for theirs, ours in names.items():
            module = getattr(block.self_attn, theirs, None) or getattr(block.mlp, theirs)
            module.register_forward_hook(hook(f"blk.{number}.{ours}.weight"))
    with torch.no_grad():
        for ids in token_ids():
            rows += len(ids)
            network(torch.tensor([ids]))
    _, matrix = collected
    assert set(matrix.values) == set(sums)
    for name, summed in sums.items():
        # llama.cpp's cache holds float16.
        np.testing.assert_allclose(matrix.values[name], summed.numpy() / rows, rtol=0.01, atol=1e-6)


def test_a_template_that_refuses_everything_is_one_line(model):
    data = Calibration("x", ((Message("user", "a"),),), {"messages": 3})
    with pytest.raises(HarnessError, match="the chat template refuses every conversation"):
        collect(model, data, model.with_name("n.gguf"), model.with_name("asked"), lambda *s: None)


def test_an_export_tells_what_it_was_quantised_by(tmp_path):
    adapter = ROOT / "fixtures/models/tiny-qwen2-adapter"
    record = export_gguf(adapter, tmp_path / "m.gguf", "iq2_xs", importance=DATA)
    assert record.imatrix.source == "two rows"
    assert (record.imatrix.conversations, record.imatrix.refused) == (2, 0)
    metadata = read_gguf_header(tmp_path / "m.gguf").metadata
    assert metadata["quantize.imatrix.dataset"] == "two rows"
    assert metadata["quantize.imatrix.entries_count"] == 28
    data = tmp_path / "m.dat"
    data.write_bytes(b"\x01\0\0\0\x01\0\0\0x\x01\0\0\0\x01\0\0\0\0\0\0\0")
    with pytest.raises(HarnessError, match="is of another model"):
        export_gguf(TINY_QWEN2, tmp_path / "n.gguf", "q2_k", importance=data)


def test_weights_without_importance_are_a_warning(model, tmp_path):
    name = "blk.0.attn_q.weight"
    columns = read_gguf_header(model).tensors[name].shape[-1]
    write_matrix(tmp_path / "m.gguf", {name: np.ones(columns)}, {name: 1}, "one weight")
    record = export_gguf(TINY_QWEN2, tmp_path / "n.gguf", "q4_k_m", importance=tmp_path / "m.gguf")
    (line,) = [w for w in record.warnings if w.startswith("--imatrix")]
    assert "does not have blk." in line
    assert "27 in all" in line


def test_a_damaged_matrix_is_found_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(to_gguf, "write_model", None)
    (tmp_path / "m.dat").write_bytes(b"\0" * 8)
    with pytest.raises(HarnessError, match="is no importance matrix"):
        export_gguf(TINY_QWEN2, tmp_path / "n.gguf", "q2_k", importance=tmp_path / "m.dat")


class Vocabulary:
    """Has no template: a conversation is its last message."""

    template = None

    def render(self, messages):
        return messages[-1].content

    def encode(self, text):
        return text.encode()


def test_conversations_that_render_to_nothing_are_left_out():
    rows = [[{"role": "user", "content": text}] for text in ("", "a")]
    asked = {"conversations": rows, "arguments": {}}
    assert imatrix._encoded(Vocabulary(), asked) == ([[97]], 1)
    with pytest.raises(HarnessError, match=r"refuses every conversation \(it writes nothing\)"):
        imatrix._encoded(Vocabulary(), {**asked, "conversations": rows[:1]})
