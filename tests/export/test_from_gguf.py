"""A GGUF file comes back as the folder that it was made of: weights, tokens, prompts, answers' end.

Logits are transformers' on both sides, so that equal weights give equal bits.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFValueType, GGUFWriter
from transformers import AutoModelForCausalLM, AutoTokenizer

import harness.export.from_gguf
from harness.core.errors import HarnessError
from harness.export.from_gguf import from_gguf
from harness.export.importing.verification import verify_here
from harness.model_files import provenance_keys
from harness.model_files.gguf_header import read_gguf_header
from harness.model_files.pre_tokenizer import KNOWN
from tests.export import small_models
from tests.export.exporting import export_gguf
from tests.export.hostile_texts import DECOMPOSED, HOSTILE
from tests.export.llama_reading import Llama
from tests.export.test_architectures import IDS, LLAMA3, VARIANTS
from tests.models import TASKS, TINY_GPT2, TINY_QWEN2

F16_TOLERANCE = 1e-3
"""Of a logit, of which the largest are about 20."""
LLAMA3_2 = {**LLAMA3, "factor": 32.0, "original_max_position_embeddings": 8192}
_TYPES = {
    str: GGUFValueType.STRING,
    bool: GGUFValueType.BOOL,
    int: GGUFValueType.UINT32,
    float: GGUFValueType.FLOAT32,
    list: GGUFValueType.ARRAY,
}


@pytest.fixture(autouse=True)
def verified_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers is imported here already."""
    monkeypatch.setattr(harness.export.from_gguf, "verify", verify_here)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two layers in float32, to be altered."""
    folder = tmp_path_factory.mktemp("tiny")
    small_models.save(small_models.llama(), small_models.byte_level(), folder / "model")
    export_gguf(folder / "model", folder / "model.gguf")
    return folder / "model.gguf"


def imported(file: Path, dtype: str | None = None) -> Path:
    target = file.parent / "imported"
    from_gguf(file, target, dtype, has_force=True)
    return target


def texts() -> list[str]:
    """Prompts of every bundled task, and hostile texts."""
    cases = [
        json.loads(line)["variables"]
        for task in sorted(TASKS.iterdir())
        for line in (task / "cases.jsonl").read_text("utf-8").splitlines()[:60]
    ]
    return [*(str(v) for case in cases for v in case.values()), *HOSTILE, DECOMPOSED]


def logits(folder: Path, ids: list[int] = IDS) -> np.ndarray:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].numpy()


def ids_of(folder: Path, **settings: bool) -> list[list[int]]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return [tokenizer(text, **settings)["input_ids"] for text in texts()]


@pytest.mark.parametrize(
    ("model", "kind", "dtype", "tolerance"),
    [
        (TINY_QWEN2, "f32", "float32", 0.0),
        (TINY_QWEN2, "bf16", "bfloat16", 0.0),
        (TINY_QWEN2, "f16", "float16", F16_TOLERANCE),
        (TINY_GPT2, "f32", "float32", 0.0),
        (TINY_GPT2, "bf16", "bfloat16", 0.0),
        (TINY_GPT2, "f16", "float32", F16_TOLERANCE),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else str(value),
)
def test_our_own_export_comes_back(
    model: Path, kind: str, dtype: str, tolerance: float, tmp_path: Path
) -> None:
    """A file in f16 keeps its vectors in float32. GPT-2's have values that float16 has not, so
    that its folder is in float32."""
    export_gguf(model, tmp_path / "model.gguf", kind)
    folder = imported(tmp_path / "model.gguf")
    assert json.loads((folder / "config.json").read_text())["dtype"] == dtype
    wanted = logits(model)
    assert np.abs(logits(folder) - wanted).max() <= tolerance
    assert ids_of(folder) == ids_of(model)
    own, back = (AutoTokenizer.from_pretrained(f) for f in (model, folder))
    talk = [{"role": "user", "content": "Hi <|im_end|>"}]
    assert back.chat_template == own.chat_template
    assert back.apply_chat_template(talk) == own.apply_chat_template(talk)
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        assert getattr(back, name) == getattr(own, name), name
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        generation = json.loads((folder / "generation_config.json").read_text())
        assert generation.get(name) == getattr(own, name), name


def test_a_bf16_folder_is_the_original_to_the_bit(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    export_gguf(TINY_QWEN2, tmp_path / "model.gguf", "bf16")
    back = load_file(imported(tmp_path / "model.gguf") / "model.safetensors")
    own = load_file(TINY_QWEN2 / "model.safetensors")
    assert back.keys() == own.keys()
    for name, weight in own.items():
        assert back[name].dtype == weight.dtype
        assert torch.equal(back[name], weight), name


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - {"llama-rope-llama3"}))
def test_every_architecture_comes_back(name: str, tmp_path: Path) -> None:
    """A Mistral comes back as a Llama: llama.cpp has one architecture for both, and no window."""
    tokenizer = small_models.byte_level()
    folder = small_models.save(VARIANTS[name](), tokenizer, tmp_path / "model")
    export_gguf(folder, tmp_path / "model.gguf")
    assert np.array_equal(logits(imported(tmp_path / "model.gguf")), logits(folder))


def test_the_rope_of_a_llama_3_is_told_by_its_factors(tmp_path: Path) -> None:
    model = small_models.llama(rope_parameters=LLAMA3_2)
    folder = small_models.save(model, small_models.byte_level(), tmp_path / "model")
    export_gguf(folder, tmp_path / "model.gguf")
    back = imported(tmp_path / "model.gguf")
    assert json.loads((back / "config.json").read_text())["rope_parameters"] == LLAMA3_2
    assert np.array_equal(logits(back), logits(folder))


@pytest.mark.parametrize("name", [split.name for split in KNOWN])
def test_tokens_are_llama_cpps_for_every_pre_tokenizer(name: str, tmp_path: Path) -> None:
    tokenizer = small_models.byte_level(name)
    folder = small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    export_gguf(folder, tmp_path / "model.gguf")
    opened = Llama(tmp_path / "model.gguf")
    wanted = [opened.tokens(text) for text in texts()]
    opened.close()
    assert ids_of(imported(tmp_path / "model.gguf")) == wanted


@pytest.mark.parametrize("name", ["qwen2", "llama-bpe"])
@pytest.mark.parametrize("bos", [True, False, None])
def test_a_bos_is_added_where_llama_cpp_adds_one(
    name: str, bos: bool | None, tmp_path: Path
) -> None:
    """Without the key it is the rules that say: Llama 3's add one."""
    tokenizer = small_models.byte_level(name)
    small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    export_gguf(tmp_path / "model", tmp_path / "model.gguf")
    file = altered(tmp_path / "model.gguf", tmp_path, {"tokenizer.ggml.add_bos_token": bos})
    opened = Llama(file)
    wanted = [opened.tokens(text, special=True) for text in texts()]
    opened.close()
    assert ids_of(imported(file), add_special_tokens=True) == wanted


def test_quantised_values_are_what_llama_cpp_computes_with(tmp_path: Path) -> None:
    """Its kernels round the inputs too, so that no logit is the same and the mean is near."""
    export_gguf(TINY_QWEN2, tmp_path / "model.gguf", "q8_0")
    record = from_gguf(tmp_path / "model.gguf", tmp_path / "folder", None, has_force=False)
    assert record.type == "float32"
    assert record.warnings[0] == (
        "29 of 50 tensors are quantised (29 q8_0): the folder holds their rounded values in "
        "float32, not the original model's"
    )
    opened = Llama(tmp_path / "model.gguf")
    wanted = opened.logits(IDS)
    opened.close()
    assert np.abs(logits(tmp_path / "folder") - wanted).mean() < 0.005 * np.abs(wanted).max()


def test_a_narrower_dtype_is_written_where_it_is_asked_for(tiny: Path, tmp_path: Path) -> None:
    record = from_gguf(tiny, tmp_path / "half", "float16", has_force=False)
    assert record.type == "float16"
    assert np.abs(logits(tmp_path / "half") - logits(imported(tiny))).max() > 0


def altered(
    file: Path,
    folder: Path,
    keys: dict[str, object],
    tensors: dict[str, np.ndarray | None] | None = None,
) -> Path:
    """A copy of a float32 file with other values; ``None`` leaves a key or a tensor out."""
    header = read_gguf_header(file)
    metadata = {k: v for k, v in {**header.metadata, **keys}.items() if v is not None}
    writer = GGUFWriter(folder / "altered.gguf", str(metadata.pop("general.architecture")))
    for key, value in metadata.items():
        inner = _TYPES[type(value[0])] if isinstance(value, list) else None
        if inner is GGUFValueType.UINT32:
            inner = GGUFValueType.INT32
        writer.add_key_value(key, value, _TYPES[type(value)], inner)
    whole = {
        name: np.fromfile(file, np.float32, t.numel, offset=t.start).reshape(t.shape)
        for name, t in header.tensors.items()
    }
    for name, values in {**whole, **(tensors or {})}.items():
        if values is not None:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "altered.gguf"


def test_what_is_left_behind_is_named(tiny: Path, tmp_path: Path) -> None:
    keys = {"general.license": "mit", "llama.logit_scale": 2.0, "tokenizer.chat_template": None}
    record = from_gguf(altered(tiny, tmp_path, keys), tmp_path / "folder", None, has_force=False)
    template, unknown, rest = record.warnings
    assert template == "it names no chat template: a prompt is the messages' contents alone"
    assert unknown == "transformers computes without llama.logit_scale"
    assert rest.startswith("not in the folder: ")
    assert "general.license" in rest
    assert provenance_keys.PREFIX not in rest


def test_a_normalizer_that_transformers_puts_in_is_named(tmp_path: Path) -> None:
    """A Qwen2 of another program: transformers normalises whatever the file says."""
    export_gguf(TINY_QWEN2, tmp_path / "model.gguf")
    file = altered(tmp_path / "model.gguf", tmp_path, {provenance_keys.UNDONE_NORMALIZER: None})
    record = from_gguf(file, tmp_path / "folder", None, has_force=False)
    assert record.warnings[-1] == (
        "transformers normalises text for this model by NFC, llama.cpp does not: other text "
        "becomes other tokens"
    )


TABLE = "tokenizer.ggml."
REFUSED: dict[str, tuple[dict[str, object], dict[str, np.ndarray | None], str]] = {
    "lora": ({"general.type": "adapter"}, {}, "is a LoRA, name the GGUF file of a whole model"),
    "architecture": (
        {"general.architecture": "gemma2"},
        {},
        "architecture 'gemma2' is not known here, known: gpt2, llama, qwen2, qwen3",
    ),
    "sentencepiece": (
        {f"{TABLE}model": "llama"},
        {},
        "its tokenizer is 'llama', only a byte-level BPE (gpt2) is read",
    ),
    "rules": ({f"{TABLE}pre": "tekken"}, {}, "tokenizer.ggml.pre is 'tekken', whose rules are"),
    "no rules": ({f"{TABLE}pre": None}, {}, "tokenizer.ggml.pre is missing, whose rules are not"),
    "tokens": ({f"{TABLE}tokens": 3}, {}, "tokenizer.ggml.tokens is no list of texts"),
    "kinds": ({f"{TABLE}token_type": [1]}, {}, "tokenizer.ggml.token_type is no list of 400"),
    "merges": ({f"{TABLE}merges": ["a b c"]}, {}, "its merge 'a b c' is no pair of tokens"),
    "foreign merge": ({f"{TABLE}merges": ["漢 漢"]}, {}, "transformers cannot load its tokenizer"),
    "no merges": ({f"{TABLE}merges": None}, {}, "tokenizer.ggml.merges is no list of texts"),
    "eos": ({f"{TABLE}eos_token_id": 400}, {}, "tokenizer.ggml.eos_token_id is 400, it has 400"),
    "bos": (
        {f"{TABLE}add_bos_token": True, f"{TABLE}bos_token_id": None},
        {},
        "puts BOS around a text and names no such token",
    ),
    "blocks": (
        {"llama.block_count": 1 << 30},
        {},
        "llama.block_count is 1,073,741,824, the file has 21 tensors",
    ),
    "more blocks": ({"llama.block_count": 3}, {}, "lacks blk.2."),
    "no heads": ({"llama.attention.head_count": None}, {}, "lacks llama.attention.head_count"),
    "heads": (
        {"llama.attention.head_count": 0},
        {},
        "llama.attention.head_count is 0, which makes heads",
    ),
    "width": ({"llama.embedding_length": 32}, {}, "by its metadata it is"),
    "a list": ({"llama.context_length": [1, 2]}, {}, "llama.context_length is [1, 2], expected a"),
    "epsilon": (
        {"llama.attention.layer_norm_rms_epsilon": float("nan")},
        {},
        "layer_norm_rms_epsilon is nan, expected a finite number",
    ),
    "rope": ({"llama.rope.scaling.type": "longrope"}, {}, "llama.rope.scaling.type is 'longrope'"),
    "heads that divide nothing": (
        {"llama.attention.head_count": 3},
        {},
        "transformers refuses its metadata (Class validation error",
    ),
    "head size": ({"llama.rope.dimension_count": 8}, {}, "llama.rope.dimension_count is not 16"),
    "foreign tensor": (
        {},
        {"blk.0.ffn_gate_exps.weight": np.zeros((2, 2), np.float32)},
        "its tensor 'blk.0.ffn_gate_exps.weight' is no weight of a LlamaForCausalLM",
    ),
    "no norm": ({}, {"output_norm.weight": None}, "lacks output_norm.weight"),
    "no embedding": ({}, {"token_embd.weight": None}, "the embeddings have 0 rows"),
    "rows": (
        {},
        {"token_embd.weight": np.zeros((7, 64), np.float32)},
        "the embeddings have 7 rows, the vocabulary lists 400: the file is damaged",
    ),
    "shape": ({}, {"blk.1.ffn_up.weight": np.zeros((8, 64), np.float32)}, "has shape (8, 64)"),
    "scaled factors": (
        {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 2.0},
        {"rope_freqs.weight": np.ones(8, np.float32)},
        "its rope_freqs.weight are those of no Llama 3",
    ),
    "factors": (
        {},
        {"rope_freqs.weight": np.full(8, 7, np.float32)},
        "its rope_freqs.weight are those of no Llama 3",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_file_is_refused_in_one_line(name: str, tiny: Path, tmp_path: Path) -> None:
    keys, tensors, words = REFUSED[name]
    if architecture := keys.get("general.architecture"):
        keys = {**keys, f"{architecture}.context_length": 8}
    file = altered(tiny, tmp_path, keys, tensors)
    with pytest.raises(HarnessError) as caught:
        from_gguf(file, tmp_path / "folder", None, has_force=False)
    (line,) = str(caught.value).splitlines()
    assert words in line
    assert line.startswith(str(tmp_path)), line
    assert [path.name for path in tmp_path.iterdir()] == ["altered.gguf"]


def test_tokens_of_one_text_are_refused(tiny: Path, tmp_path: Path) -> None:
    tokens = list(read_gguf_header(tiny).metadata["tokenizer.ggml.tokens"])
    tokens[-1] = tokens[-2]
    file = altered(tiny, tmp_path, {"tokenizer.ggml.tokens": tokens})
    with pytest.raises(HarnessError, match="two of its tokens have one text"):
        from_gguf(file, tmp_path / "folder", None, has_force=False)


def test_a_type_that_the_official_package_cannot_read_is_refused(
    tiny: Path, tmp_path: Path
) -> None:
    writer_name = "blk.0.ffn_up.weight"
    header = read_gguf_header(tiny)
    assert header.tensors[writer_name].type == "F32"
    # The type stands behind the name, the number of dimensions and both of them.
    content = bytearray(tiny.read_bytes())
    at = content.find(writer_name.encode()) + len(writer_name) + 4 + 2 * 8
    content[at : at + 4] = int(GGMLQuantizationType.I32).to_bytes(4, "little")
    (tmp_path / "odd.gguf").write_bytes(content)
    with pytest.raises(HarnessError, match=f"{writer_name} is of type I32, which the gguf package"):
        from_gguf(tmp_path / "odd.gguf", tmp_path / "folder", None, has_force=False)


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_a_file_that_was_cut_short_is_refused(kept: int, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(tiny.read_bytes()[:kept])
    with pytest.raises(HarnessError, match=r"^\S*cut.gguf: (is no GGUF file|was cut short)"):
        from_gguf(tmp_path / "cut.gguf", tmp_path / "folder", None, has_force=False)


def test_only_what_an_import_left_is_replaced(tiny: Path, tmp_path: Path) -> None:
    target = tmp_path / "folder"
    from_gguf(tiny, target, None, has_force=False)
    with pytest.raises(HarnessError, match="holds a model already, add --force"):
        from_gguf(tiny, target, None, has_force=False)
    from_gguf(tiny, target, None, has_force=True)
    (target / "export.json").unlink()
    with pytest.raises(HarnessError, match="holds files that no export made"):
        from_gguf(tiny, target, None, has_force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
