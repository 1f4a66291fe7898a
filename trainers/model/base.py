"""Opens the base model that an adapter is trained on: where, in which type, with which endings."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from harness.core.errors import HarnessError
from harness.engine.hf.device import DTYPES
from harness.engine.hf.foreign_code import NO_FOREIGN_CODE, foreign_code_refused
from harness.engine.hf.loading import load_tokenizer
from harness.engine.hf.quantization import int8_config, nf4_config
from harness.machine.cores import usable_cores
from harness.model_files.hub import local_folder
from harness.model_files.weights import count_parameters
from trainers.model.defaults import DEFAULT_LENGTH, SMALL_PARAMETERS
from trainers.recipes.schema import Recipe


@dataclass(frozen=True, slots=True)
class Device:
    """Device and dtype of the base."""

    kind: str
    """``cuda`` or ``cpu``."""
    dtype: torch.dtype
    quantize: str
    """``none``, ``nf4`` or ``int8``."""
    threads: int
    notes: tuple[str, ...]
    """Deviations from the recipe, each with its reason."""

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")


def open_tokenizer(recipe: Recipe, where: str) -> tuple[Path, Any]:
    """The base's local folder (a hub id is downloaded) and its tokenizer.

    Raises:
        HarnessError: the base or its tokenizer cannot be had; begins with ``where``.
    """
    try:
        folder = local_folder(recipe.base)
    except HarnessError as error:
        raise HarnessError(*(f"{where}: {m}" for m in error.mistakes)) from None
    try:
        return folder, load_tokenizer(folder)
    except (OSError, ValueError, KeyError) as error:
        raise HarnessError(f"{where}: {recipe.base} has no tokenizer ({_first(error)})") from None


def choose_device(recipe: Recipe, folder: Path, processes: int = 1) -> Device:
    """CUDA where there is a GPU, else the CPU; see ``Recipe.dtype`` for the type.

    Args:
        processes: those of the training on this machine, which share its cores.
    """
    set_threads(recipe.threads, processes)
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    notes: list[str] = []
    quantize = recipe.quantize
    if quantize != "none" and find_spec("bitsandbytes") is None:
        notes.append(f"quantize: {quantize} needs bitsandbytes, which is not there; none instead")
        quantize = "none"
    if recipe.dtype != "auto":
        dtype = DTYPES[recipe.dtype]
    elif quantize == "none" and count_parameters(folder) <= SMALL_PARAMETERS:
        dtype = torch.float32
    else:
        dtype = _short_type(kind)
    if kind == "cpu" and dtype == torch.float16:
        # Measured: a step in float16 on a CPU takes fifteen times as long as in bfloat16.
        dtype = torch.bfloat16
        notes.append("dtype: float16 crawls on a CPU, bfloat16 is used instead")
    return Device(kind, dtype, quantize, torch.get_num_threads(), tuple(notes))


def set_threads(asked: int | None, processes: int = 1) -> None:
    """Compute with the threads asked for; else with ``OMP_NUM_THREADS``, where it is set; else with
    one thread for each physical core that this process may run on, its share of several."""
    named = os.environ.get("OMP_NUM_THREADS")
    if processes > 1 and named == "1":
        named = None  # torchrun sets it where the user has not.
    if asked is None and named is None:
        asked = max(1, usable_cores() // processes)
    if asked is not None:
        torch.set_num_threads(asked)


def open_model(recipe: Recipe, folder: Path, device: Device) -> Any:
    """The base as a causal language model, quantized if the recipe says so.

    Raises:
        HarnessError: its weights cannot be read.
    """
    settings: dict[str, Any] = {
        **NO_FOREIGN_CODE,
        "dtype": device.dtype,
        "local_files_only": True,
    }
    if device.quantize == "nf4":
        settings["quantization_config"] = nf4_config(device.dtype, has_double_quantization=True)
    elif device.quantize == "int8":
        settings["quantization_config"] = int8_config()
    if device.quantize != "none":
        settings["device_map"] = {"": device.kind}
    try:
        with foreign_code_refused(folder):
            model = AutoModelForCausalLM.from_pretrained(folder, **settings)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise HarnessError(f"base: {recipe.base} cannot be opened ({_first(error)})") from None
    model.config.use_cache = False
    _keep_trainable(model)
    return model


def _keep_trainable(model: Any) -> None:
    """Have bitsandbytes leave four-bit weights as they are on a CPU.

    In evaluation it packs them for bfloat16 hardware, and cannot train on after it.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def usable_length(recipe: Recipe, model: Any, where: str) -> int:
    """The most tokens a row may have.

    Raises:
        HarnessError: the recipe asks for more than the base has positions; begins with ``where``.
    """
    config = model.config
    positions = getattr(config, "max_position_embeddings", None) or DEFAULT_LENGTH
    if recipe.max_length is None:
        return min(DEFAULT_LENGTH, int(positions))
    if recipe.max_length > positions:
        raise HarnessError(
            f"{where}: {recipe.max_length} is more than the base can read, lower it to {positions}"
        )
    return recipe.max_length


def _short_type(kind: str) -> torch.dtype:
    """bfloat16 where the hardware computes in it: an emulated one is too slow to train in."""
    if kind == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float16
    has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_bf16 else torch.float32


def _first(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
