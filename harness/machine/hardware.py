"""The hardware that decides which models run here, and how fast: CPU features, memory, GPUs."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from harness.core.case import JsonValue
from harness.machine.environment import environment

_FEATURES = (
    "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "avx_vnni", "amx_bf16", "amx_int8", "asimd", "asimddp", "bf16", "i8mm", "sve",
)  # fmt: skip
"""CPU features that llama.cpp and torch have kernels for."""
_GPU_SECONDS = 5.0


def machine() -> Mapping[str, JsonValue]:
    """The environment of a run, with CPU features, free memory and GPUs.

    GPUs are listed by NVIDIA's own tool, which takes less time than importing torch; ``None`` where
    the tool is missing.
    """
    known = environment()
    cpu = known["cpu"]
    assert isinstance(cpu, dict)
    return {
        **known,
        "cpu": {**cpu, "features": _features()},
        "free_memory_mb": round(psutil.virtual_memory().available / 1e6),
        "gpus": _gpus(),
    }


def has_bfloat16() -> bool:
    """True where torch computes in bfloat16 on this CPU, and not by emulation."""
    return not {"avx512f", "avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(_features())


def _features() -> list[JsonValue]:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return []
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in ("flags", "features"):
            there = set(value.split())
            return [feature for feature in _FEATURES if feature in there]
    return []


def _gpus() -> JsonValue:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    command = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GPU_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
