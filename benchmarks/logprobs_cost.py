"""What ``--logprobs`` costs: CPU time and wall time of generation with and without it.

    python -m benchmarks.logprobs_cost base:FOLDER gguf:FILE ...

Each model is opened in this process and answers the same prompts of the bundled task, greedily and
with the same number of tokens, by turns without and with log-probabilities, after one answer of all
that is not timed. The medians of the turns' CPU time and wall time are compared; CPU time tells the
cost on a machine with other work. The result, with machine and versions, is added to
``benchmarks/results/logprobs_cost.json``.
"""

import argparse
import importlib
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.whole_run import ROOT, TASK
from harness.core.modelref import ModelRef
from harness.core.plan import Request, requests_for
from harness.engine.model import EngineSettings, OpenModel
from harness.machine.environment import environment
from harness.tasks.task import load_task

RESULT = ROOT / "benchmarks/results/logprobs_cost.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", metavar="KIND:LOCATION")
    parser.add_argument("--cases", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    refs = [ModelRef.parse(text) for text in options.models]
    found = {f"{ref.kind}:{ref.name}": measured(ref, options) for ref in refs}
    before = json.loads(RESULT.read_text())["models"] if RESULT.is_file() else {}
    result = {"models": {**before, **found}, "environment": environment()}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def measured(ref: ModelRef, options: argparse.Namespace) -> dict[str, Any]:
    """Medians of one model, without and with log-probabilities, and what is added."""
    settings = EngineSettings(threads=options.threads)
    model: OpenModel = importlib.import_module(f"harness.backends.{ref.kind}").open_model(
        ref, settings
    )
    bare = requests(options)
    whole = [replace(request, has_logprobs=True) for request in bare]
    answer(model, bare)
    turns = [(answer(model, bare), answer(model, whole)) for _ in range(options.turns)]
    without, with_them = ([turn[i] for turn in turns] for i in (0, 1))
    assert without[0]["tokens"] == with_them[0]["tokens"]
    sums = {
        name: [statistics.median(t[name] for t in own) for own in (without, with_them)]
        for name in ("cpu_seconds", "seconds")
    }
    return {
        "tokens": without[0]["tokens"],
        **{name: [round(value, 3) for value in pair] for name, pair in sums.items()},
        "added_cpu": round(sums["cpu_seconds"][1] / sums["cpu_seconds"][0] - 1, 4),
        "added": round(sums["seconds"][1] / sums["seconds"][0] - 1, 4),
    }


def requests(options: argparse.Namespace) -> list[Request]:
    task = load_task(TASK)
    sampling = replace(task.sampling, max_new_tokens=options.tokens)
    return [*requests_for(task.name, task.cases[: options.cases], sampling)]


def answer(model: OpenModel, asked: Sequence[Request]) -> dict[str, float]:
    """Times of all answers, and their tokens."""
    began, cpu, tokens = time.perf_counter(), time.process_time(), 0
    for batch in model.batches(asked):
        found = model.generate(batch, lambda tokens, ended: None)
        tokens += sum(len(completion.token_ids) for completion in found)
    return {
        "tokens": tokens,
        "cpu_seconds": time.process_time() - cpu,
        "seconds": time.perf_counter() - began,
    }


if __name__ == "__main__":
    main()
