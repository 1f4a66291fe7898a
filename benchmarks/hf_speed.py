"""Requests per second of a transformers model, compared with lm-evaluation-harness' ``hf`` backend.

    python -m benchmarks.random_model /tmp/qwen05
    python -m benchmarks.hf_speed /tmp/qwen05 --peer-python PATH/TO/VENV/bin/python

Both answer the same chats in bfloat16 on the CPU, greedily, with the same number of tokens. About
two thirds of every prompt are the same: a system message and the task's instructions. Each side is
one process that stays open and answers all chats once before it is timed, so that neither loading
nor the slower first pass counts. Ours is timed from outside, pipes and JSON included, the peer
around its ``generate_until``. Both have the same OpenMP spin count. The peer runs at several batch
sizes and its best one counts. Rounds of both sides alternate; medians are compared. The result is
written to ``benchmarks/results/hf_speed.json`` with machine and versions. Run it on an idle
machine: 3 minutes on two cores.

``same_answers`` is lower than the number of prompts: random weights make near ties, which bfloat16
rounds differently in a shared prefix and in a batch of padded rows. In float32 all 32 answers of
the 0.5B model equalled those of ``model.generate``, in bfloat16 20 did.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from benchmarks.whole_run import ROOT, TASK, peer_version
from harness.core.case import Message
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, requests_for
from harness.core.record import ModelRecord
from harness.engine.model import EngineSettings
from harness.engine.openmp import BOUNDED_SPINNING
from harness.engine.process import RemoteModel
from harness.machine.environment import environment
from harness.tasks.task import load_task

RESULT = ROOT / "benchmarks/results/hf_speed.json"
DTYPE = "bfloat16"
SYSTEM = (
    "You read payment notes. Copy the name of the person as it is written, the date as "
    "YYYY-MM-DD, and the amount as a number. Do not add text."
)

# Answers the chats again and again: a line with a batch size in, a line of JSON out.
PEER = """\
import json, sys, time
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

model, limit, chats = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
lm = HFLM(pretrained=model, dtype=sys.argv[4], device="cpu", batch_size=1)
texts = [lm.apply_chat_template(chat) for chat in chats]
lengths = [len(lm.tok_encode(text)) for text in texts]
options = {"until": [], "do_sample": False, "max_gen_toks": limit}
new_tokens, generate = 0, lm._model_generate

def counted(context, **more):
    global new_tokens
    found = generate(context=context, **more)
    new_tokens += found.shape[0] * (found.shape[1] - context.shape[1])
    return found

lm._model_generate = counted
for line in sys.stdin:
    lm.batch_size_per_gpu = int(line)
    asked = [Instance("generate_until", {}, (text, options), 0) for text in texts]
    new_tokens, started = 0, time.perf_counter()
    answers = lm.generate_until(asked, disable_tqdm=True)
    found = {"seconds": time.perf_counter() - started, "answers": answers}
    print(json.dumps({**found, "new_tokens": new_tokens, "lengths": lengths}), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a folder that benchmarks.random_model has written")
    parser.add_argument("--peer-python", required=True, help="an interpreter that has lm_eval")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--new-tokens", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    requests = chats(chosen.prompts, chosen.new_tokens)
    ours = Ours(chosen.model, DTYPE)
    peer = Peer(chosen.peer_python, chosen.model, requests, DTYPE)
    ours.round(requests)
    peer.round(max(chosen.batch_sizes))
    rounds = []
    for _ in range(chosen.rounds):
        found = {"ours": ours.round(requests)}
        for size in chosen.batch_sizes:
            found[f"lm-eval at batch {size}"] = peer.round(size)
        print(", ".join(f"{name}: {s['seconds']:.1f} s" for name, s in found.items()), flush=True)
        rounds.append(found)
    reading = ours.generation.encode(requests)
    prompts = [list(prompt.token_ids) for prompt in reading.prompts]
    opened = ours.generation.model
    ours.generation.close()
    peer.close()
    write(rounds, prompts, opened, peer_version(chosen.peer_python))


def chats(count: int, limit: int) -> list[Request]:
    """The bundled payments, each after the same system message."""
    task = load_task(TASK)
    asked = requests_for(task.name, task.cases[:count], Sampling(max_new_tokens=limit))
    return [replace(r, messages=(Message("system", SYSTEM), *r.messages)) for r in asked]


class Ours:
    """The backend's process, as pytest's process starts it."""

    def __init__(self, model: str, dtype: str | None, kind: str = "base") -> None:
        settings = EngineSettings(device="cpu", dtype=dtype)
        self.generation = RemoteModel(ModelRef(kind, model), settings, stays_open=True)

    def round(self, requests: Sequence[Request]) -> dict[str, Any]:
        started = time.perf_counter()
        found = {r.key: c for r, c in self.generation.answers(requests)}
        seconds = time.perf_counter() - started
        if failed := [c.error for c in found.values() if c.error]:
            sys.exit(f"ours: {failed[0]}")
        return {
            "seconds": seconds,
            "answers": [found[r.key].text for r in requests],
            "new_tokens": sum(len(c.token_ids) for c in found.values()),
            "lengths": [found[r.key].prompt_tokens for r in requests],
        }


class LineProcess:
    """A process that answers each line of its input with a line of JSON, until its input ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**BOUNDED_SPINNING, **os.environ},
            text=True,
        )

    def round(self, line: object = "") -> dict[str, Any]:
        with suppress(BrokenPipeError):
            print(line, file=self._pipe(self.process.stdin), flush=True)
        for said in self._pipe(self.process.stdout):
            if said.startswith("{"):
                found: dict[str, Any] = json.loads(said)
                return found
        self.log.seek(0)
        sys.exit(f"{self.log.read()[-2000:]}a side ended with exit code {self.process.wait()}")

    def close(self) -> None:
        self._pipe(self.process.stdin).close()
        self.process.wait()

    def _pipe(self, stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream


class Peer(LineProcess):
    """lm-evaluation-harness in its own environment; a line is a batch size."""

    def __init__(self, python: str, model: str, requests: Sequence[Request], dtype: str) -> None:
        said = [[{"role": m.role, "content": m.content} for m in r.messages] for r in requests]
        limit = requests[0].sampling.max_new_tokens
        super().__init__([python, "-c", PEER, model, str(limit), json.dumps(said), dtype])


def shared_tokens(prompts: Sequence[list[int]]) -> int:
    """Length of the common prefix of all prompts, in tokens."""
    columns = zip(*prompts, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def write(
    rounds: list[dict[str, Any]], prompts: list[list[int]], opened: ModelRecord | None, peer: str
) -> None:
    assert opened is not None
    last = rounds[-1]
    if any(side["lengths"] != [len(p) for p in prompts] for side in last.values()):
        sys.exit("both sides must read the same prompts, and their numbers of tokens differ")
    seconds = {name: [found[name]["seconds"] for found in rounds] for name in last}
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    best = min((name for name in medians if name != "ours"), key=medians.__getitem__)
    pairs = zip(last["ours"]["answers"], last[best]["answers"], strict=True)
    result: dict[str, Any] = {
        "command": ["python", "-m", "benchmarks.hf_speed", *(Path(a).name for a in sys.argv[1:])],
        "model": [opened.architecture, opened.parameters, opened.dtype, opened.device],
        "peer": f"lm_eval and torch {peer}",
        "prompts": len(prompts),
        "mean_prompt_tokens": statistics.mean(map(len, prompts)),
        "shared_tokens": shared_tokens(prompts),
        "new_tokens": {name: side["new_tokens"] for name, side in last.items()},
        "same_answers": sum(ours == theirs for ours, theirs in pairs),
        "seconds": seconds,
        "medians": medians,
        "requests_per_second": {name: len(prompts) / median for name, median in medians.items()},
        "best_of_the_peer": best,
        "ours_over_the_peers_best": medians[best] / medians["ours"],
        "environment": environment(ROOT),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(
        f"{len(prompts)} prompts of {result['mean_prompt_tokens']:.0f} tokens, "
        f"{result['shared_tokens']} of them shared: {result['requests_per_second']['ours']:.2f} "
        f"requests/s, {best} {result['requests_per_second'][best]:.2f}, "
        f"ratio {result['ours_over_the_peers_best']:.2f}"
    )


if __name__ == "__main__":
    main()
