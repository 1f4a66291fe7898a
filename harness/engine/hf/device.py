"""Device and dtype of a transformers model: what was asked for, else what suits the hardware."""

from pathlib import Path

import torch

from harness.core.errors import HarnessError
from harness.engine.model import EngineSettings
from harness.machine.memory import available_bytes
from harness.model_files.weights import count_parameters

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""By the name that is typed and recorded."""
MEMORY_SHARE = 0.5
"""Share of a CPU machine's free memory that float32 weights may take; above it, bfloat16."""
CPU_FLAGS = Path("/proc/cpuinfo")


def choose_device(settings: EngineSettings) -> torch.device:
    """The one asked for, else a CUDA GPU, else Apple's, else the CPU.

    Raises:
        HarnessError: there is no such device.
    """
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
    """The one asked for; on a GPU a short one; on a CPU float32 while it fits, since most CPUs are
    slow at anything shorter."""
    if settings.dtype:
        return DTYPES[settings.dtype]
    if device.type == "cuda":
        return _cuda_dtype()
    if device.type == "mps":
        return torch.float16
    fits = count_parameters(folder) * 4 < MEMORY_SHARE * available_bytes(device)
    return torch.float32 if fits else torch.bfloat16


def compute_dtype(device: torch.device, settings: EngineSettings) -> torch.dtype:
    """The dtype that quantized layers compute in: the one asked for; else bfloat16 where the
    processor has it, since a CPU that does not is slower with it than with float32."""
    if settings.dtype:
        return DTYPES[settings.dtype]
    if device.type == "cuda":
        return _cuda_dtype()
    has_bfloat16 = CPU_FLAGS.exists() and "avx512_bf16" in CPU_FLAGS.read_text("utf-8", "replace")
    return torch.bfloat16 if has_bfloat16 else torch.float32


def _cuda_dtype() -> torch.dtype:
    """bfloat16, emulated on old GPUs: slow there, but float16 overflows in some models."""
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
