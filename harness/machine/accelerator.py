"""Guesses on which kind of device models open, without importing a library that would know."""

import os
import platform
import sys
from pathlib import Path

NVIDIA = Path("/proc/driver/nvidia/version")


def likely_device() -> str:
    """``cuda`` where the machine's driver offers a GPU, ``mps`` on Apple's chips, else ``cpu``."""
    if NVIDIA.exists() and os.environ.get("CUDA_VISIBLE_DEVICES", "all") not in ("", "-1"):
        return "cuda"
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return "mps" if is_apple else "cpu"
