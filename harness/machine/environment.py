"""Records the environment of a run: interpreter, machine, package versions, commit.

This takes tens of milliseconds and imports nothing heavy: torch is asked only where it is imported
already. Host and user names are left out.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from harness import __version__
from harness.core.case import JsonValue

PACKAGES = (
    "accelerate",
    "bitsandbytes",
    "datasets",
    "gguf",
    "jsonschema",
    "llama-cpp-python",
    "numpy",
    "peft",
    "pydantic",
    "pytest",
    "regex",
    "safetensors",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
)
"""Packages whose version can change a completion, a verdict or a number."""

GIT_SECONDS = 2.0
"""A repository that answers slower than this is recorded without a commit."""


def environment(directory: Path | None = None) -> dict[str, JsonValue]:
    """Everything that a run must share to be repeated, as JSON values; ``None`` where unknown.

    The commit is that of ``directory``, by default the working directory.
    """
    return {
        "harness": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "cpu": {"model": _cpu_model(), "logical": os.cpu_count(), "usable": _usable_cpus()},
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        "gpus": _gpus(),
        "packages": {**versions()},
        "git": _git(directory or Path.cwd()),
    }


def _cpu_model() -> str | None:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n"):
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.machine() or None


def _usable_cpus() -> int | None:
    """CPUs this process may run on: fewer than the machine has, under taskset or a cgroup set."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _gpus() -> JsonValue:
    """One entry per CUDA device; ``None`` where torch is not imported and cannot be asked."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda"):
        return None
    if not torch.cuda.is_available():
        return []
    properties = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    return [{"name": p.name, "memory_mb": round(p.total_memory / 1e6)} for p in properties]


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of the packages that are installed, by name."""
    found: dict[str, str] = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(directory: Path) -> JsonValue:
    """Commit and dirty flag (a tracked file differs from it); ``None`` outside a repository."""
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            # A status that refreshes the index would take its lock from under another git.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    headers = dict(line[2:].partition(" ")[::2] for line in lines if line.startswith("# "))
    commit = headers.get("branch.oid")
    return {
        "commit": None if commit in (None, "(initial)") else commit,
        "dirty": any(not line.startswith("#") for line in lines),
    }
