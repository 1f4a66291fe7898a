"""Opens transformers models from a folder or a hub id, and says what was opened."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.engine.hf.quantization import numbers_of, quantized_model
from harness.engine.model import EngineSettings
from harness.machine.memory import available_bytes
from harness.model_files.fingerprint import file_hashes, tokenizer_hash, weights_hash

MEMORY_SHARE = 0.5
"""Share of a CPU machine's free memory that float32 weights may take; above it, bfloat16."""


def choose_device(settings: EngineSettings) -> torch.device:
    """The one asked for, else a CUDA GPU, else Apple's, else the CPU."""
    if settings.device:
        try:
            device = torch.device(settings.device)
        except RuntimeError:
            raise HarnessError(f"--device {settings.device}: no such device, try cpu") from None
        if device.type == "cuda" and not torch.cuda.is_available():
            raise HarnessError(f"--device {settings.device}: torch finds no CUDA GPU here, try cpu")
        return device
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_dtype(folder: Path, device: torch.device, settings: EngineSettings) -> torch.dtype:
    """The one asked for; on a GPU bfloat16 (float16 where it has none); on a CPU float32 while it
    fits, since most CPUs are slow at anything shorter."""
    if settings.dtype:
        return {
            "float32": torch.float32,
            "bfloat16": torch.bfloat16,
            "float16": torch.float16,
        }[settings.dtype]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    fits = _parameters(folder) * 4 < MEMORY_SHARE * available_bytes(device)
    return torch.float32 if fits else torch.bfloat16


def _parameters(folder: Path) -> int:
    """Number of parameters, from the size of the safetensors files and the config's dtype."""
    size = sum(f.stat().st_size for f in folder.glob("*.safetensors"))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    short = (config.get("dtype") or config.get("torch_dtype")) in ("bfloat16", "float16")
    return size // (2 if short else 4)


def load_model(folder: Path, settings: EngineSettings) -> Any:
    """A causal language model in evaluation mode, on its device."""
    device = choose_device(settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.quantize:
        return quantized_model(AutoModelForCausalLM, folder, device, settings)
    dtype = choose_dtype(folder, device, settings)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    return model.to(device).eval()


def load_tokenizer(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder)


def describe(ref: ModelRef, model: Any, tokenizer: Any, folder: Path, tokens: Path) -> ModelRecord:
    """What was opened. ``folder`` holds the weights, ``tokens`` the tokenizer's files."""
    hashes = file_hashes(folder)
    template = getattr(tokenizer, "chat_template", None)
    return ModelRecord(
        ref=str(ref),
        kind=ref.kind,
        name=ref.name,
        files=hashes,
        weights_sha256=weights_hash(hashes),
        tokenizer_sha256=tokenizer_hash(tokens),
        chat_template_sha256=sha256_of(template) if template else None,
        architecture=(model.config.architectures or [type(model).__name__])[0],
        parameters=numbers_of(model),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(model.device),
    )
