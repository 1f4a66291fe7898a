"""``--quantize nf4`` and ``int8``: transformers models quantized by bitsandbytes as they open.

A GGUF file is quantized when it is exported, not here.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harness.core.errors import HarnessError
from harness.core.extras import require
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.engine.hf.device import compute_dtype
from harness.engine.model import EngineSettings
from harness.model_files.folders import is_quantized

SLOW_ON_CPU = "float16"
"""bitsandbytes computes in it 16 times as slowly on a CPU as in bfloat16 (measured)."""


def quantized_model(
    model_class: Any,
    folder: Path,
    device: torch.device,
    settings: EngineSettings,
    code: Mapping[str, bool],
) -> Any:
    """A model on its device, its linear layers quantized as ``settings.quantize`` says.

    ``code`` is the argument that allows or refuses code that it brings along.

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
        **code,
        # A quantized model cannot be moved afterwards.
        device_map={"": device},
    )
    if not any(type(module).__module__.startswith("bitsandbytes") for module in model.modules()):
        raise HarnessError(f"{what}: {folder} has no layers that bitsandbytes quantises")
    return model.eval()


def quantized_record(record: ModelRecord, settings: EngineSettings) -> ModelRecord:
    """The record with a hash of its own: quantized weights are other weights."""
    if settings.quantize is None:
        return record
    return replace(
        record,
        quantization=settings.quantize,
        weights_sha256=sha256_of([record.weights_sha256, settings.quantize]),
    )


def numel(model: Any) -> int:
    """Parameters of a model, those counted whole that four-bit layers pack two into a byte."""
    return sum(_numel(parameter) for parameter in model.parameters())


def _numel(parameter: Any) -> int:
    state = getattr(parameter, "quant_state", None)
    return math.prod(state.shape) if state is not None else int(parameter.numel())


def _check(what: str, folder: Path, device: torch.device, settings: EngineSettings) -> None:
    require(what, "bitsandbytes")
    if device.type not in ("cpu", "cuda"):
        raise HarnessError(f"{what}: bitsandbytes does not run on {device.type}, say --device cpu")
    if device.type == "cpu" and settings.dtype == SLOW_ON_CPU:
        raise HarnessError(
            f"{what}: computes 16 times as slowly in {SLOW_ON_CPU} on a CPU, say --dtype bfloat16"
        )
    if is_quantized(folder):
        raise HarnessError(f"{what}: {folder} is quantised already, leave the option out")


def nf4_config(dtype: torch.dtype, *, has_double_quantization: bool = False) -> Any:
    """bitsandbytes' settings for four bits, computed in ``dtype``.

    Args:
        dtype: of the products.
        has_double_quantization: quantize the scales of the blocks, too, as QLoRA does: 0.4 bits
            less for each parameter (arXiv 2305.14314, section 3).
    """
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=has_double_quantization,
        bnb_4bit_compute_dtype=dtype,
    )


def int8_config() -> Any:
    """bitsandbytes' settings for eight bits (LLM.int8(), arXiv 2208.07339)."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_8bit=True)


def _config(settings: EngineSettings, dtype: torch.dtype) -> Any:
    return int8_config() if settings.quantize == "int8" else nf4_config(dtype)
