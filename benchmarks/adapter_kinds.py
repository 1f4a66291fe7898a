"""Builds adapters of every kind with peft and compares what each way of running them answers.

    python -m benchmarks.adapter_kinds              writes the table of docs/models.md
    python -m benchmarks.adapter_kinds KIND...      prints the rows of these kinds

peft's model in memory, right after it was made, is the reference: its logits on random prompts are
compared with those of the saved adapter through ``adapter:``, of its merged folder, of its GGUF
(f32) and of its LoRA GGUF over the base's GGUF, both with a cache in float32. The bases are the
bundled tiny models, and the tiny Qwen2 with a head of its own. All random numbers are seeded.
"""

import json
import logging
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

import harness.export.merged_folder
from harness.backends import adapter, merged
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings
from harness.export.merging.peft_merge import merge_here
from harness.export.source import open_source
from harness.export.to_gguf import to_gguf
from harness.export.to_lora import to_lora
from harness.export.to_merged import to_merged
from harness.model_files.examine import examine
from harness.model_files.finding import Level

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "fixtures/models"
RESULTS = ROOT / "benchmarks/results/adapter_kinds.json"
TABLE = ROOT / "docs/models.md"
BEGIN, END = "<!-- adapter kinds -->", "<!-- end of adapter kinds -->"
SETTINGS = EngineSettings(dtype="float32", device="cpu", threads=1)
NOISE = 0.05
"""Standard deviation of what is added to every trained weight."""
ROWS = 1280
QWEN2 = ("tied", "untied")
ALL = ("tied", "untied", "gpt2")
WAYS = ("adapter:", "merged:", "GGUF", "LoRA GGUF")


@dataclass(frozen=True)
class Kind:
    """One kind of adapter."""

    what: str
    """The options of peft's LoraConfig, or who saved it, for the table."""
    config: dict[str, Any] = field(default_factory=dict)
    bases: tuple[str, ...] = QWEN2
    new_tokens: int = 0
    save: dict[str, Any] = field(default_factory=dict)
    """Arguments of ``save_pretrained``."""
    edit: Callable[[Path], None] | None = None
    """Changes the saved folder, as another program would have saved it."""


def renamed(rename: Callable[[str], str | None]) -> Callable[[Path], None]:
    """An edit of the tensors' names; a tensor without a name is dropped."""

    def edit(folder: Path) -> None:
        path = folder / "adapter_model.safetensors"
        found = {rename(name): values for name, values in load_file(path).items()}
        save_file({n: v for n, v in found.items() if n is not None}, path, {"format": "pt"})

    return edit


def _set(**values: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return edit


def _as_pickle(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    torch.save(load_file(path), folder / "adapter_model.bin")
    path.unlink()


_QV = {"target_modules": ["q_proj", "v_proj"]}
_TOKENS = [5, 9, 700]
_BEFORE = "base_model.model."
KINDS = {
    "plain": Kind("`target_modules` by name", _QV),
    "conv1d": Kind("GPT-2's Conv1D", {"target_modules": ["c_attn", "c_fc"]}, ("gpt2",)),
    "all_linear": Kind("`all-linear`", {"target_modules": "all-linear"}, ALL),
    "pattern": Kind("`target_modules` as a pattern", {"target_modules": r".*\.[01]\..*q_proj"}),
    "some_layers": Kind("`layers_to_transform`", _QV | {"layers_to_transform": [0, 2]}),
    "exclude": Kind("`exclude_modules`", _QV | {"exclude_modules": r".*\.1\..*"}),
    "ranks": Kind(
        "`rank_pattern`, `alpha_pattern`",
        _QV | {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"layers.1.self_attn.v_proj": 3}},
    ),
    "rslora": Kind("`use_rslora`", _QV | {"use_rslora": True}),
    "dora": Kind("`use_dora`", _QV | {"use_dora": True}),
    "lora_bias": Kind("`lora_bias`", _QV | {"lora_bias": True}),
    "bias": Kind('`bias="lora_only"`', _QV | {"bias": "lora_only"}),
    "bias_all": Kind('`bias="all"`', _QV | {"bias": "all"}),
    "embedding": Kind("LoRA on the embedding", {"target_modules": ["q_proj", "embed_tokens"]}),
    "gpt2_embedding": Kind("the same, GPT-2", {"target_modules": ["c_attn", "wte"]}, ("gpt2",)),
    "dora_embedding": Kind(
        "DoRA on the embedding", {"target_modules": ["embed_tokens"], "use_dora": True}
    ),
    "head": Kind("LoRA on the head", {"target_modules": ["q_proj", "lm_head"]}),
    "gpt2_head": Kind("the same, GPT-2", {"target_modules": ["c_attn", "lm_head"]}, ("gpt2",)),
    "both": Kind("LoRA on both", {"target_modules": ["embed_tokens", "lm_head"]}),
    "tying": Kind(
        "LoRA on the embedding, `ensure_weight_tying`",
        {"target_modules": ["q_proj", "embed_tokens"], "ensure_weight_tying": True},
        ("tied",),
    ),
    "head_tying": Kind(
        "LoRA on the head, `ensure_weight_tying`",
        {"target_modules": ["q_proj", "lm_head"], "ensure_weight_tying": True},
        ("tied",),
    ),
    "head_unsaved": Kind(
        "LoRA on the head, `save_embedding_layers=False`",
        {"target_modules": ["q_proj", "lm_head"]},
        save={"save_embedding_layers": False},
    ),
    "save_head": Kind("`modules_to_save` head", _QV | {"modules_to_save": ["lm_head"]}),
    "save_embedding": Kind(
        "`modules_to_save` embedding", _QV | {"modules_to_save": ["embed_tokens"]}
    ),
    "save_both": Kind(
        "`modules_to_save` both", _QV | {"modules_to_save": ["embed_tokens", "lm_head"]}
    ),
    "save_tying": Kind(
        "`modules_to_save` embedding, `ensure_weight_tying`",
        _QV | {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
        ("tied",),
    ),
    "save_norm": Kind("`modules_to_save` norm", _QV | {"modules_to_save": ["norm"]}),
    "tokens": Kind("`trainable_token_indices`", _QV | {"trainable_token_indices": _TOKENS}),
    "gpt2_tokens": Kind(
        "the same, GPT-2",
        {"target_modules": ["c_attn"], "trainable_token_indices": {"wte": _TOKENS}},
        ("gpt2",),
    ),
    "added": Kind("tokens added", _QV, new_tokens=3),
    "added_saved": Kind(
        "tokens added, `modules_to_save` embedding",
        _QV | {"modules_to_save": ["embed_tokens"]},
        new_tokens=3,
    ),
    "added_both": Kind(
        "tokens added, `modules_to_save` both",
        _QV | {"modules_to_save": ["embed_tokens", "lm_head"]},
        new_tokens=3,
    ),
    "added_rows": Kind(
        "tokens added, `trainable_token_indices`",
        _QV | {"trainable_token_indices": [ROWS, ROWS + 1, ROWS + 2]},
        new_tokens=3,
    ),
    "added_embedding": Kind(
        "tokens added, LoRA on the embedding",
        {"target_modules": ["q_proj", "embed_tokens"]},
        new_tokens=3,
    ),
    "added_unsaved": Kind(
        "tokens added, `save_embedding_layers=False`",
        _QV,
        new_tokens=3,
        save={"save_embedding_layers": False},
    ),
    "parameters": Kind("`target_parameters`", _QV | {"target_parameters": ["up_proj.weight"]}),
    "alora": Kind("`alora_invocation_tokens`", _QV | {"alora_invocation_tokens": [5]}),
    "pissa": Kind('`init_lora_weights="pissa"`', _QV | {"init_lora_weights": "pissa"}),
    "no_prefix": Kind(
        "names without `base_model.model.`",
        _QV,
        ALL[:1],
        edit=renamed(lambda name: name.removeprefix(_BEFORE)),
    ),
    "fsdp": Kind(
        "names of FSDP",
        _QV,
        ALL[:1],
        edit=renamed(lambda n: n.replace(_BEFORE, _BEFORE + "_fsdp_wrapped_module.")),
    ),
    "compiled": Kind(
        "names of torch.compile",
        _QV,
        ALL[:1],
        edit=renamed(lambda n: n.replace(_BEFORE, _BEFORE + "_orig_mod.")),
    ),
    "outer": Kind(
        "names of a wrapper around peft", _QV, ALL[:1], edit=renamed(lambda n: f"module.{n}")
    ),
    "wrapped_layer": Kind(
        "names of wrapped layers",
        _QV,
        ALL[:1],
        edit=renamed(lambda n: n.replace(".self_attn.", "._checkpoint_wrapped_module.self_attn.")),
    ),
    "named": Kind(
        "names with the adapter's name",
        _QV,
        ALL[:1],
        edit=renamed(lambda n: n.replace(".weight", ".default.weight")),
    ),
    "half": Kind(
        "half of the layers",
        _QV,
        ALL[:1],
        edit=renamed(lambda n: None if ".layers.0." in n or ".layers.1." in n else n),
    ),
    "more": Kind(
        "more modules than configured", _QV, ALL[:1], edit=_set(target_modules=["q_proj"])
    ),
    "revision": Kind(
        "`revision` of a base in a folder", _QV, ALL[:1], edit=_set(revision="step-1000")
    ),
    "pickle": Kind("`adapter_model.bin`", _QV, ALL[:1], edit=_as_pickle),
}
"""Every kind, by the name to type."""


@dataclass(frozen=True)
class Result:
    """What became of one kind over one base, by way: a difference, or the reason of a refusal."""

    base: str
    ways: dict[str, float | str]
    doctor: tuple[str, ...]
    """Problems that ``harness doctor`` finds."""


def make_base(name: str, folder: Path) -> Path:
    """A bundled model, or the tiny Qwen2 with a head of its own in ``folder``."""
    if name != "untied":
        return MODELS / ("tiny-gpt2" if name == "gpt2" else "tiny-qwen2")
    if folder.is_dir():
        return folder
    shutil.copytree(MODELS / "tiny-qwen2", folder)
    weights = load_file(folder / "model.safetensors")
    embedding = weights["model.embed_tokens.weight"]
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(embedding.shape, generator=generator) * embedding.float().std() * 0.3
    weights["lm_head.weight"] = (embedding.float() + noise).to(embedding.dtype)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"tie_word_embeddings": False}))
    return folder


def make_adapter(kind: Kind, base: Path, folder: Path) -> Any:
    """Save an adapter of this kind in ``folder``; returns peft's model."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if kind.new_tokens:
        tokenizer = AutoTokenizer.from_pretrained(base)
        tokenizer.add_tokens([f"<field_{i}>" for i in range(kind.new_tokens)], special_tokens=True)
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        tokenizer.save_pretrained(folder)
    made: Any = get_peft_model(
        model, LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", **kind.config)
    )
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * NOISE)
    made.eval().save_pretrained(folder, **kind.save)
    _set(base_model_name_or_path=str(base))(folder)
    if kind.edit is not None:
        kind.edit(folder)
    return made


def prompts(rows: int) -> list[list[int]]:
    """Eight random prompts; the last tokens and those that kinds train are among them."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(0, rows, (8, 12), generator=generator).tolist()
    return [
        [*ids, token] for ids, token in zip(drawn, [*_TOKENS, *range(rows - 5, rows)], strict=True)
    ]


def compare(name: str, base_name: str, work: Path) -> Result:
    """Make one adapter and run it every way."""
    kind = KINDS[name]
    base = make_base(base_name, work / "untied-base")
    folder = work / f"{name}-{base_name}"
    made = make_adapter(kind, base, folder)
    asked = prompts(made.get_base_model().get_input_embeddings().weight.shape[0])
    with torch.inference_mode():
        expected = made(torch.tensor(asked)).logits[:, -1].numpy()
    found = examine(ModelRef("adapter", str(folder)))
    doctor = tuple(str(f) for f in found.findings if f.level is Level.PROBLEM)
    ways: dict[str, float | str] = {}
    for way in WAYS:
        try:
            logits = _answers(way, folder, base, asked, work / f"{name}-{base_name}-out")
        except HarnessError as error:
            ways[way] = str(error).replace(str(folder), "").replace(str(base), "BASE")
            continue
        ways[way] = float(np.abs(logits - expected).max() / np.abs(expected).max())
    return Result(base_name, ways, doctor)


def _answers(way: str, folder: Path, base: Path, asked: list[list[int]], out: Path) -> Any:
    """Logits after each prompt."""
    out.mkdir(exist_ok=True)
    source = None if way == "adapter:" else open_source(f"adapter:{folder}")
    if source is None:
        opened: Any = adapter.open_model(ModelRef("adapter", str(folder)), SETTINGS)
    elif way == "merged:":
        to_merged(source, out / "merged", "float32", True)
        opened = merged.open_model(ModelRef("merged", str(out / "merged")), SETTINGS)
    elif way == "GGUF":
        to_gguf(source, out / "model.gguf", "f32", has_force=True)
        return _llama_logits(out / "model.gguf", None, asked)
    else:
        to_lora(source, out / "lora.gguf", "f32", True)
        whole = out.parent / f"{base.name}.gguf"
        if not whole.exists():
            to_gguf(open_source(f"base:{base}"), whole, "f32")
        return _llama_logits(whole, out / "lora.gguf", asked)
    return np.concatenate(list(opened.logits(asked)))


def _llama_logits(file: Path, lora: Path | None, asked: list[list[int]]) -> Any:
    """Logits of llama.cpp with a cache in float32 (type 0), not in float16, its default."""
    from llama_cpp import Llama

    model = Llama(
        str(file),
        n_ctx=64,
        n_threads=1,
        n_threads_batch=1,
        type_k=0,
        type_v=0,
        logits_all=True,
        lora_path=str(lora) if lora else None,
        verbose=False,
    )
    rows = []
    for ids in asked:
        model.reset()
        model.eval(ids)
        rows.append(model.scores[len(ids) - 1].copy())
    model.close()
    return np.stack(rows)


def merge_in_this_process() -> None:
    """Have peft merge here: a process for each of these merges would take longer than the rest."""

    def merge(base: Path, source: Any, folder: Path, dtype: str) -> int:
        try:
            merge_here(str(base), str(source.folder), str(folder), dtype)
        except Exception as error:  # of any type, as in a process of its own
            raise HarnessError(f"{source.folder}: peft cannot merge it ({error})") from None
        return 0

    harness.export.merged_folder.merge_by_peft = merge


def table(results: Mapping[str, Sequence[Result]]) -> str:
    """The Markdown table, with the reasons of refusals numbered beneath it."""
    reasons: dict[str, int] = {}
    lines = [
        "| adapter | base | " + " | ".join(WAYS) + " |",
        "|---|---|" + "---|" * len(WAYS),
    ]
    for name, found in results.items():
        for bases, cells in _rows(found, reasons).items():
            lines.append(f"| {KINDS[name].what} | {', '.join(cells)} | {bases} |")
    notes = [f"{number}. {reason}" for reason, number in reasons.items()]
    return "\n".join([*lines, "", *notes]) + "\n"


def _rows(found: Sequence[Result], reasons: dict[str, int]) -> dict[str, list[str]]:
    """Bases by the cells of a row; bases of which the same is said share one."""
    agreeing = {
        way: max((r.ways[way] for r in found if isinstance(r.ways[way], float)), default=0.0)
        for way in WAYS
    }
    rows: dict[str, list[str]] = {}
    for result in found:
        cells = []
        for way in WAYS:
            outcome = result.ways[way]
            if isinstance(outcome, float):
                cells.append(f"{agreeing[way]:.0e}".replace("e-0", "e-"))
            else:
                number = reasons.setdefault(_reason(outcome), len(reasons) + 1)
                cells.append(f"refused ({number})")
        rows.setdefault(" | ".join(cells), []).append(result.base)
    return rows


def _reason(message: str) -> str:
    """A refusal without the tensor's name, the numbers and the advice."""
    text = message.removeprefix(": ").partition(";")[0].partition(": export the whole")[0]
    text = re.sub(r"^adapter_model.safetensors: |/\S+/", "", text)
    return re.sub(r" \([\w.…]+\)$|\d+ of \d+ ", "", text).strip()


def write_table(text: str) -> None:
    """Put the table between its marks in ``docs/models.md``."""
    before, _, rest = TABLE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    TABLE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", "utf-8")


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    merge_in_this_process()
    with tempfile.TemporaryDirectory() as work:
        results = {}
        for name in names or KINDS:
            results[name] = [compare(name, base, Path(work)) for base in KINDS[name].bases]
            for result in results[name]:
                print(name, json.dumps(asdict(result), indent=1), flush=True)
    if not names:
        found = {name: [asdict(r) for r in rows] for name, rows in results.items()}
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        write_table(table(results))


if __name__ == "__main__":
    main(sys.argv[1:])
