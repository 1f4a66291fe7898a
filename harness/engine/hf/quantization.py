"""``--quantize nf4`` and ``int8``: transformers models quantised by bitsandbytes as they open.

Says where that works and with which precision it computes; a GGUF file is quantised when it is
exported, not here.
"""

import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from harness.core.errors import HarnessError
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.engine.model import EngineSettings
from harness.model_files.folders import is_quantized

CPU_FLAGS = Path("/proc/cpuinfo")
SLOW_ON_CPU = "float16"
"""bitsandbytes computes in it 16 times as slowly on a CPU as in bfloat16 (measured)."""


def quantized_model(
    model_class: Any, folder: Path, device: torch.device, settings: EngineSettings
) -> Any:
    """A model on its device, its linear layers quantised as ``settings.quantize`` says.

    Raises:
        HarnessError: bitsandbytes is not there, or cannot do it with this model or device.
    """
    what = f"--quantize {settings.quantize}"
    _check(what, folder, device, settings)
    dtype = compute_dtype(device, settings)
    model = model_class.from_pretrained(
        folder,
        dtype=dtype,
        quantization_config=_config(settings, dtype),
        # A quantised model cannot be moved afterwards.
        device_map={"": device},
    )
    if not any(type(module).__module__.startswith("bitsandbytes") for module in model.modules()):
        raise HarnessError(f"{what}: {folder} has no layers that bitsandbytes quantises")
    return model.eval()


def compute_dtype(device: torch.device, settings: EngineSettings) -> torch.dtype:
    """The one asked for; else bfloat16 where the processor has it, since a CPU that does not
    is slower with it than with float32."""
    if settings.dtype:
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}.get(
            settings.dtype, torch.float16
        )
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    has_bfloat16 = CPU_FLAGS.exists() and "avx512_bf16" in CPU_FLAGS.read_text("utf-8", "replace")
    return torch.bfloat16 if has_bfloat16 else torch.float32


def quantized_record(record: ModelRecord, settings: EngineSettings) -> ModelRecord:
    """Quantised weights are other weights: nothing that was kept for the whole ones is theirs."""
    if settings.quantize is None:
        return record
    return replace(
        record,
        quantization=settings.quantize,
        weights_sha256=sha256_of([record.weights_sha256, settings.quantize]),
    )


def numbers_of(model: Any) -> int:
    """Parameters of a model; a four-bit one packs two of them into a byte."""
    return sum(_numbers(parameter) for parameter in model.parameters())


def _numbers(parameter: Any) -> int:
    state = getattr(parameter, "quant_state", None)
    return math.prod(state.shape) if state is not None else int(parameter.numel())


def _check(what: str, folder: Path, device: torch.device, settings: EngineSettings) -> None:
    if find_spec("bitsandbytes") is None:
        raise HarnessError(f"{what}: bitsandbytes is not there, pip install bitsandbytes")
    if device.type not in ("cpu", "cuda"):
        raise HarnessError(f"{what}: bitsandbytes does not run on {device.type}, say --device cpu")
    if device.type == "cpu" and settings.dtype == SLOW_ON_CPU:
        raise HarnessError(
            f"{what}: computes 16 times as slowly in {SLOW_ON_CPU} on a CPU, say --dtype bfloat16"
        )
    if is_quantized(folder):
        raise HarnessError(f"{what}: {folder} is quantised already, leave the option out")


def _config(settings: EngineSettings, dtype: torch.dtype) -> Any:
    from transformers import BitsAndBytesConfig

    if settings.quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )
