"""Requests per second and peak memory of ``--model gguf:``, compared with llama-cpp-python's loop.

    python -m benchmarks.gguf_speed TINY.gguf:96 HALF_BF16.gguf:24 HALF_Q4_K_M.gguf:24

Each model is named with the most tokens of an answer. Both sides answer the same prompts of the
bundled ``json_extraction``, as the same token ids, greedily. The peer answers one after the other
through ``Llama.generate``, which keeps the common prefix of prompts in its cache, with or without
flash attention, on one thread or all cores: the settings that are fastest on a few cases run on all
cases, and the fastest counts. Each side has its own process; loading and tokenizing are not timed.
For a fast model, medians of several interleaved rounds are compared. Peak memory is compared with
the peer's plus the key-value cache of our streams, computed from the file's metadata. The result is
written to ``benchmarks/results/gguf_speed.json`` with machine and versions. Run it on an idle
machine: 8 minutes on two cores for a tiny model and two of 0.5B.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.engine.model import EngineSettings
from harness.engine.process import RemoteModel
from harness.machine.environment import environment
from harness.machine.memory import peak_memory_mb
from harness.tasks.task import load_task

ROOT = Path(__file__).parent.parent
TASK = ROOT / "fixtures/tasks/json_extraction"
RESULT = ROOT / "benchmarks/results/gguf_speed.json"
COUNTS = (32, 128)
PROBE = 16
"""Cases on which the peer's settings are ranked."""
FINALISTS = 2
"""Number of the peer's settings that run on all cases (all four for a fast model)."""
ROUNDS = 5
"""Interleaved rounds for a fast model, whose short times vary more."""
QUICK_SECONDS = 2.0
"""A model is fast if the peer's best setting takes less than this over ``PROBE`` cases."""
MB = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="FILE:TOKENS")
    parser.add_argument("--threads", type=int, default=None, help="default: what ours chooses")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        task = json.loads(Path(chosen.child[1]).read_text("utf-8"))
        print(json.dumps(CHILDREN[chosen.child[0]](task)))
        return
    rows = [row for named in chosen.models for row in measure(named, chosen.threads)]
    result = {
        "command": ["python", "-m", "benchmarks.gguf_speed", *(Path(a).name for a in sys.argv[1:])],
        "rows": rows,
        "environment": environment(ROOT),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    for row in rows:
        print(sentence(row))


def measure(named: str, threads: int | None) -> list[dict[str, Any]]:
    """The rows of one model, one for each number of cases."""
    file, _, limit = named.rpartition(":")
    task = {"file": file, "limit": int(limit), "threads": threads, **read(file, int(limit))}
    settings = [{"is_flash": f, "peer_threads": t} for f in (False, True) for t in (1, threads)]
    probed = [(child("peer", task, cases=PROBE, **s)["seconds"][str(PROBE)], s) for s in settings]
    probed.sort(key=lambda pair: pair[0])
    is_quick = probed[0][0] < QUICK_SECONDS
    rounds, finalists = (ROUNDS, len(probed)) if is_quick else (1, FINALISTS)
    peers: list[list[dict[str, Any]]] = [[] for _ in range(finalists)]
    ours: dict[int, list[dict[str, Any]]] = {count: [] for count in COUNTS}
    for _ in range(rounds):
        for found, (_, chosen) in zip(peers, probed, strict=False):
            found.append({**child("peer", task, cases=max(COUNTS), **chosen), "settings": chosen})
        for count in COUNTS:
            ours[count].append(child("ours", task, cases=count))
    rows = [row(file, count, ours[count], peers) for count in COUNTS]
    for found_row in rows:
        print(sentence(found_row), flush=True)
    return rows


def row(
    file: str, count: int, ours: list[dict[str, Any]], peers: list[list[dict[str, Any]]]
) -> dict[str, Any]:
    """Medians over the rounds, of the peer's faster setting; memory at its worst."""
    seconds = median(side["seconds"] for side in ours)
    by_setting = [median(side["seconds"][str(count)] for side in found) for found in peers]
    best = min(range(len(peers)), key=by_setting.__getitem__)
    default = [t for t, found in zip(by_setting, peers, strict=True) if is_default(found[0])]
    peer = peers[best][0]
    answers = (ours[0]["answers"], peer["answers"][:count])
    peer_peak_mb, cache_mb = max(side["peak_mb"] for side in peers[best]), ours[0]["cache_mb"]
    return {
        "model": Path(file).name,
        "cases": count,
        "rounds": len(ours),
        "new_tokens": [sum(map(len, side)) for side in answers],
        "same_answers": sum(a == b for a, b in zip(*answers, strict=True)),
        "ours_seconds": seconds,
        "peer_seconds": by_setting[best],
        "peer_settings": peer["settings"],
        "speedup": by_setting[best] / seconds,
        "speedup_over_default": default[0] / seconds if default else None,
        "ours_peak_mb": max(side["peak_mb"] for side in ours),
        "peer_peak_mb": peer_peak_mb,
        "cache_mb": cache_mb,
        "memory_bound_mb": 1.15 * peer_peak_mb + cache_mb,
        "rows_at_once": ours[0]["rows"],
    }


def is_default(peer: dict[str, Any]) -> bool:
    """``Llama``'s default: half of the threads."""
    half = max(1, (os.cpu_count() or 1) // 2)
    return bool(peer["settings"] == {"is_flash": False, "peer_threads": half})


def sentence(row: dict[str, Any]) -> str:
    ours, theirs = (row["cases"] / row[f"{side}_seconds"] for side in ("ours", "peer"))
    default = row["speedup_over_default"]
    over_default = "" if default is None else f" ({default:.2f} over its defaults)"
    return (
        f"{row['model']}, {row['cases']} cases: {ours:.2f} requests/s, peer {theirs:.2f}, "
        f"ratio {row['speedup']:.2f}{over_default}; "
        f"peak {row['ours_peak_mb']:.0f} MB, peer {row['peer_peak_mb']:.0f} MB "
        f"(ratio {row['ours_peak_mb'] / row['peer_peak_mb']:.2f}), cache {row['cache_mb']:.0f} MB, "
        f"bound {row['memory_bound_mb']:.0f} MB; {row['same_answers']} answers the same"
    )


def read(file: str, limit: int) -> dict[str, Any]:
    """Prompts as token ids, and the end tokens: the same for both sides."""
    reading = RemoteModel(ModelRef("gguf", file), EngineSettings(device="cpu")).encode(asked(limit))
    return {
        "prompts": [p.token_ids for p in reading.prompts],
        "end_ids": reading.vocabulary.end_ids,
    }


def asked(limit: int, count: int = max(COUNTS)) -> Sequence[Request]:
    task = load_task(TASK)
    return requests_for(task.name, task.cases[:count], Sampling(max_new_tokens=limit))


def child(side: str, task: dict[str, Any], **more: object) -> dict[str, Any]:
    """The result of a function that runs in a separate process."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({**task, **more}, file)
        file.flush()
        command = [sys.executable, "-m", "benchmarks.gguf_speed", "--child", side, file.name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ours(task: dict[str, Any]) -> dict[str, Any]:
    """Timed like the peer, from token ids on: contexts, prefix, answers, their texts."""
    from harness.backends import gguf

    settings = EngineSettings(device="cpu", threads=task["threads"])
    model: Any = gguf.open_model(ModelRef("gguf", task["file"]), settings)
    requests = asked(task["limit"], task["cases"])
    batches = model.batches(requests)
    started = time.perf_counter()
    found = {}
    cache_bytes = 0
    for batch in batches:
        for request, completion in zip(batch, model.generate(batch, nothing), strict=True):
            found[request.key] = completion
        cells = sum(c.shape.streams * c.shape.cells for c in model.contexts.opened)
        cache_bytes = max(cache_bytes, cells * model.cache_bytes_per_token)
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "peak_mb": peak_memory_mb(None),
        "cache_mb": cache_bytes / MB,
        "rows": max(c.timing.batch_rows for c in found.values() if c.timing),
        "answers": [list(found[r.key].token_ids) for r in requests],
    }


def nothing(tokens: int, ended: int) -> None:
    """A progress callback that does nothing."""


def peer(task: dict[str, Any]) -> dict[str, Any]:
    """``Llama.generate`` for one prompt after the other, greedy, with a cache of sufficient
    length."""
    from llama_cpp import Llama

    from harness.machine.cores import usable_cores

    prompts = task["prompts"][: task["cases"]]
    threads = task["peer_threads"] or usable_cores()
    llama = Llama(
        task["file"],
        n_ctx=max(map(len, prompts)) + task["limit"],
        n_threads=threads,
        n_threads_batch=threads,
        flash_attn=task["is_flash"],
        verbose=False,
    )
    end_ids, answers, seconds = set(task["end_ids"]), [], {}
    started = time.perf_counter()
    for prompt in prompts:
        answer: list[int] = []
        for token in llama.generate(prompt, temp=0.0, repeat_penalty=1.0):
            answer.append(token)
            if token in end_ids or len(answer) == task["limit"]:
                break
        answers.append(answer)
        seconds[len(answers)] = time.perf_counter() - started
    return {"seconds": seconds, "peak_mb": peak_memory_mb(None), "answers": answers}


CHILDREN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"ours": ours, "peer": peer}

if __name__ == "__main__":
    main()
