"""GGUF files that cannot be opened: one line each, through a real process, and nothing crashes."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from harness.backends import preflight
from harness.backends.gguf import open_model
from harness.core import extras
from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.model import EngineSettings, ModelUnopened
from harness.engine.process import RemoteModel
from tests.project import Project

REQUEST = Request("t", "a", (Message("user", "Hi"),), Sampling(max_new_tokens=8))


def why(path: Path, lora: Path | None = None) -> str:
    """The backend's reason why it cannot open the model."""
    ref = ModelRef("gguf", str(path), (("lora", str(lora)),) if lora else ())
    preflight(ref)
    with pytest.raises(ModelUnopened) as error:
        list(RemoteModel(ref, EngineSettings(device="cpu", threads=1)).answers([REQUEST]))
    assert "\n" not in str(error.value)
    return str(error.value)


def changed(file: Path, target: Path, before: bytes, after: bytes) -> Path:
    """A copy in which some bytes of the metadata are others."""
    assert len(before) == len(after)
    data = file.read_bytes()
    assert before in data[:200_000]
    target.write_bytes(data.replace(before, after))
    return target


def test_a_file_that_was_cut_short(gguf_file, tmp_path):
    whole, cut = gguf_file("base").read_bytes(), tmp_path / "cut.gguf"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "cut.gguf was cut short: its tensor 'blk." in why(cut)
    cut.write_bytes(whole[:10_000])
    assert "cut.gguf was cut short or is damaged: byte " in why(cut)


def test_a_file_that_is_no_gguf(tmp_path):
    (tmp_path / "notes.gguf").write_text("# How to train a model\n\nWith patience.\n")
    assert why(tmp_path / "notes.gguf") == "notes.gguf is no GGUF file: it begins with b'# Ho'"


def test_an_architecture_that_llama_cpp_does_not_know(gguf_file, tmp_path):
    strange = changed(gguf_file("base"), tmp_path / "strange.gguf", b"qwen2", b"qwenX")
    assert why(strange) == (
        "llama.cpp cannot open strange.gguf: unknown model architecture: 'qwenX'"
    )


def test_tensors_that_are_not_there(gguf_file, tmp_path):
    lost = changed(gguf_file("base"), tmp_path / "lost.gguf", b"blk.3.attn_q.w", b"blk.9.attn_q.w")
    found = why(lost)
    assert found.startswith("llama.cpp cannot open lost.gguf: ")
    assert "'blk.3.attn_q.weight' not found" in found


def test_a_lora_for_another_base(gguf_file):
    other = why(gguf_file("gpt2"), gguf_file("lora"))
    assert other == (
        "lora-f32.gguf is a LoRA for another base, of architecture 'qwen2', "
        "and gpt2-f32.gguf is 'gpt2'"
    )
    assert "is a LoRA for another base, whose weights are" in why(
        gguf_file("merged"), gguf_file("lora")
    )


def test_a_lora_that_says_nothing_of_its_base_is_tried_by_llama_cpp(gguf_file, tmp_path):
    """Without the two entries that name the base's weights, and with a tensor that is not there."""
    bare = changed(
        gguf_file("lora"), tmp_path / "bare.gguf", b"base_weights_sha256", b"base_weights_sha999"
    )
    strange = changed(bare, tmp_path / "odd.gguf", b"blk.0.ffn_down", b"blk.7.ffn_down")
    assert "llama.cpp cannot put odd.gguf over base-f32.gguf: " in why(gguf_file("base"), strange)


def test_a_lora_in_the_place_of_a_model_and_a_model_in_that_of_a_lora(gguf_file):
    assert "lora-f32.gguf is a LoRA, put it over its base: gguf:BASE+lora=" in why(
        gguf_file("lora")
    )
    assert "gpt2-f32.gguf is no LoRA, make one: harness export lora" in why(
        gguf_file("base"), gguf_file("gpt2")
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("gguf:{folder}/base-f32.ggfu", "is not there, did you mean {folder}/base-f32.gguf?"),
        ("gguf:{folder}", "is a folder, name the .gguf file, such as {folder}/base-f32.gguf"),
        ("gguf:{folder}/base-f32.gguf+lora={folder}/no.gguf", "its LoRA: {folder}/no.gguf is not"),
        ("gguf:{folder}/base-f32.gguf+base=x", "unknown option +base=, there are: +lora="),
    ],
)
def test_what_is_not_there_is_found_before_a_model_loads(gguf_file, tmp_path, text, reason):
    shutil.copy(gguf_file("base"), tmp_path / "base-f32.gguf")
    with pytest.raises(HarnessError) as error:
        preflight(ModelRef.parse(text.format(folder=tmp_path)))
    assert reason.format(folder=tmp_path) in str(error.value)


def test_llama_cpp_without_memory_for_a_batch_is_out_of_memory(gguf_file, monkeypatch):
    """A process that is out of memory asks half of the batch again."""
    model = open_model(ModelRef("gguf", str(gguf_file("merged"))), EngineSettings(threads=1))
    (batch,) = model.batches([REQUEST])
    monkeypatch.setattr("llama_cpp.llama_decode", lambda *_: -2)
    with pytest.raises(MemoryError, match="cannot decode"):
        model.generate(batch, lambda tokens, ended: None)
    model.close()


def test_without_llama_cpp_the_way_to_install_it_is_said(gguf_file, monkeypatch):
    ref = ModelRef("gguf", str(gguf_file("base")))
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(HarnessError, match=re.escape(extras.install("gguf"))):
        preflight(ref)
    for name in [n for n in sys.modules if n.startswith("harness.engine.llama.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(
        HarnessError, match=f"cannot be imported .*{re.escape(extras.install('gguf'))}"
    ):
        open_model(ref, EngineSettings(device="cpu"))


def test_the_other_models_of_a_run_go_on(gguf_file, tmp_path):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    (tmp_path / "cut.gguf").write_bytes(gguf_file("base").read_bytes()[:1_000_000])
    changed(gguf_file("base"), tmp_path / "strange.gguf", b"qwen2", b"qwenX")
    models = (tmp_path / "cut.gguf", tmp_path / "strange.gguf", gguf_file("merged"))
    refs = [argument for path in models for argument in ("--model", f"gguf:{path}")]
    outcome = project.pytest(*refs, "--device", "cpu", "--threads", "1", "--limit", "2")
    assert outcome.counts()["errors"] == 2
    # llama.cpp's own log stays out of the terminal.
    assert "load_tensors" not in outcome.out + outcome.err
    assert "cut.gguf was cut short" in outcome.out
    assert "unknown model architecture: 'qwenX'" in outcome.out
    record = project.run()
    answered = [s for s in record.samples if s.completion.finish_reason is not FinishReason.ERROR]
    assert {s.model for s in answered} == {f"gguf:{gguf_file('merged')}"}
    assert len(answered) == 2
