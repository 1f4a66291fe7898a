"""Requests per second of GGUF models of several sizes, in each decoding profile.

    python -m benchmarks.gguf_profile TINY.gguf

``harness/engine/llama/profile.py`` chooses the profile by a model's size, based on this benchmark.
Besides the given file it measures models of ``benchmarks.random_model``: their weights are random
and their answers become repetitive, so that more draft tokens are accepted than in practice. Every
model answers 64 prompts of the bundled ``json_extraction``, greedily, with at most 24 tokens; the
fastest of three interleaved runs of each profile counts. The result is written to
``benchmarks/results/gguf_profile.json``. Run it on an idle machine: 3 minutes on two cores.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.gguf_speed import ROOT, asked, nothing
from benchmarks.random_model import write_random_model
from harness.backends import gguf
from harness.core.modelref import ModelRef
from harness.engine.llama.profile import BATCHED, PER_CORE
from harness.engine.model import EngineSettings
from harness.export.source import open_source
from harness.export.to_gguf import to_gguf
from harness.machine.environment import environment

RESULT = ROOT / "benchmarks/results/gguf_profile.json"
SHAPES = ("5m", "15m", "45m", "135m")
CASES, NEW_TOKENS, RUNS = 64, 24, 3
PROFILES = {
    "shared by all cores": BATCHED,
    "a context per core": replace(BATCHED, has_context_per_core=True, max_rows=32),
    "and a guess": PER_CORE,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    files = parser.parse_args().files
    rows = [measure(file) for file in files]
    with tempfile.TemporaryDirectory() as folder:
        rows += [measure(made(Path(folder), shape)) for shape in SHAPES]
    result = {
        "command": ["python", "-m", "benchmarks.gguf_profile", *(file.name for file in files)],
        "rows": rows,
        "environment": environment(ROOT),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def made(folder: Path, shape: str) -> Path:
    """Write a float16 GGUF of a shape."""
    write_random_model(folder / shape, shape=shape)
    file = folder / f"{shape}.gguf"
    to_gguf(open_source(str(folder / shape)), file, "f16")
    return file


def measure(file: Path) -> dict[str, Any]:
    model: Any = gguf.open_model(ModelRef("gguf", str(file)), EngineSettings(device="cpu"))
    requests = asked(NEW_TOKENS, CASES)
    seconds = {name: float("inf") for name in PROFILES}
    for _ in range(RUNS):
        for name, profile in PROFILES.items():
            model.contexts.profile = profile
            model.close()
            started = time.perf_counter()
            for batch in model.batches(requests):
                model.generate(batch, nothing)
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    model.close()
    speeds = {name: CASES / value for name, value in seconds.items()}
    said = ", ".join(f"{name} {value:.1f}" for name, value in speeds.items())
    print(f"{file.name}, {model.record.parameters:,} parameters: {said}", flush=True)
    row = {"model": file.name, "parameters": model.record.parameters}
    return {**row, "requests_per_second": speeds}


if __name__ == "__main__":
    sys.exit(main())
