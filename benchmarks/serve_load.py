"""``harness serve`` under load: answers a second of 64 clients, beside the model without a server.

    python -m benchmarks.serve_load [--model REF] [--clients 64] [--seconds 60]

The clients are tasks of a second process, each with a kept connection over loopback; each asks
again as soon as it is answered, for a case of the bundled ``json_extraction`` that no other client
asks for. Every answer is compared with the one that the model alone gives for that prompt in a plan
of all cases. The model alone is timed before and after, in turns, in a process of its own as a run
has it: with as many requests at any time as there are clients, each ended one replaced at once, and
in a plan of 1,000. Server, clients and model share the cores. The result is written to
``benchmarks/results/serve_load.json``.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, cycle, islice
from pathlib import Path
from statistics import mean
from typing import Any

import psutil

from harness import backends
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.events import Answered
from harness.machine.environment import environment
from harness.tasks.task import load_task

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/serve_load.json"
TASK = ROOT / "fixtures/tasks/json_extraction"
MODEL = "adapter:fixtures/models/tiny-qwen2-adapter"
PLANNED = 1_000
ALONE_SECONDS = 20.0
"""Time for which the model alone is asked, each time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--ask", metavar="PORT", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.ask is not None:
        print(json.dumps(asyncio.run(asked(chosen.ask, chosen.clients, chosen.seconds))))
        return
    ref, clients = ModelRef.parse(chosen.model), chosen.clients
    expected = texts(ref)
    before = alone(ref, clients)
    served = loaded(chosen.model, clients, chosen.seconds)
    after = alone(ref, clients)
    result = {
        "model": chosen.model,
        "clients": clients,
        **compared(served, expected),
        "alone": {name: [before[name], after[name]] for name in before},
        "environment": environment(ROOT),
    }
    for name, rounds in result["alone"].items():
        rate = mean(r["per_second"] for r in rounds)
        result[f"over_{name}"] = round(result["answers_per_second"] / rate, 3)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps({k: v for k, v in result.items() if k != "environment"}, indent=1))


# The model alone


def requests() -> tuple[Request, ...]:
    return load_task(TASK).requests()


def texts(ref: ModelRef) -> dict[str, str]:
    """The answers of the model to all cases, by case."""
    host = backends.host()
    events = list(host.answers(ref, requests()))
    host.close()
    return {e.request.case_id: e.completion.text for e in events if isinstance(e, Answered)}


class Steady:
    """So many requests at any time, each once, until the time is over."""

    def __init__(self, at_once: int, seconds: float) -> None:
        self._next: Iterator[Request] = (
            replace(request, repeat=repeat) for repeat in count(1) for request in requests()
        )
        self._missing = at_once
        self._until = time.monotonic() + seconds
        self.answered = 0

    def answer(self) -> None:
        self.answered += 1
        self._missing += 1

    def entering(self) -> list[Request]:
        if time.monotonic() > self._until:
            return []
        taken, self._missing = list(islice(self._next, self._missing)), 0
        return taken

    def leaving(self) -> list[str]:
        return []

    def listen(self, wake: Callable[[], None] | None) -> None:
        """It is asked often enough."""


def alone(ref: ModelRef, at_once: int) -> dict[str, dict[str, float]]:
    """Answers a second, and the processor time of each."""
    host = backends.host()
    list(host.answers(ref, requests()[:1], keep_open=True))
    (worker,) = psutil.Process().children()

    def timed(answer: Callable[[], int]) -> dict[str, float]:
        started, before = time.perf_counter(), cpu(worker)
        answers = answer()
        seconds, spent = time.perf_counter() - started, cpu(worker) - before
        per_answer = round(1000 * spent / answers, 2)
        return {"per_second": round(answers / seconds, 1), "cpu_ms_per_answer": per_answer}

    def planned() -> int:
        plan = [replace(r, repeat=i) for i, r in enumerate(islice(cycle(requests()), PLANNED))]
        list(host.answers(ref, plan, keep_open=True))
        return PLANNED

    def steadily() -> int:
        steady = Steady(at_once, ALONE_SECONDS)
        for event in host.answers(ref, steady.entering(), keep_open=True, arrivals=steady):
            if isinstance(event, Answered):
                steady.answer()
        return steady.answered

    found = {"plan_of_1000": timed(planned), "as_many_at_a_time": timed(steadily)}
    host.close()
    return found


# The server and its clients


def loaded(model: str, clients: int, seconds: float) -> dict[str, Any]:
    """What the clients of a new server saw."""
    with running(model) as (port, server):
        (worker,) = server.children()
        before = cpu(server), cpu(worker)
        command = [sys.executable, "-m", "benchmarks.serve_load", "--ask", str(port)]
        command += ["--clients", str(clients), "--seconds", str(seconds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
        spent = {"server": cpu(server) - before[0], "model": cpu(worker) - before[1]}
        seen: dict[str, Any] = json.loads(done.stdout)
        return {**seen, "cpu": spent}


def cpu(process: psutil.Process) -> float:
    """Seconds of all cores that a process has taken."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def running(model: str) -> Iterator[tuple[int, psutil.Process]]:
    """The port and the process of a server, which has opened its model."""
    command = [sys.executable, "-m", "harness", "serve", "--model", model, "--port", "0"]
    command += ["--tasks-dir", str(TASK.parent), "--task", TASK.name]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().partition("/v1")[0].rpartition(":")[2])
        if "serves" not in (said := process.stderr.readline()):
            raise RuntimeError(said)
        try:
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


async def asked(port: int, clients: int, seconds: float) -> dict[str, Any]:
    """Status, seconds and text of every answer, with the case."""
    bodies = {r.case_id: body_of(r) for r in requests()}
    until = time.monotonic() + seconds
    seen: list[tuple[str, int, float, str]] = []

    async def client(cases: Sequence[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for case in cycle(cases):
            if time.monotonic() > until:
                break
            started = time.perf_counter()
            writer.write(bodies[case])
            status, answer = await response(reader)
            text = answer["choices"][0]["message"]["content"] if status == 200 else ""
            seen.append((case, status, time.perf_counter() - started, text))
        writer.close()

    names = list(bodies)
    started = time.perf_counter()
    await asyncio.gather(*(client(names[i::clients]) for i in range(clients)))
    return {"seconds": time.perf_counter() - started, "answers": seen}


def body_of(request: Request) -> bytes:
    """The whole HTTP request."""
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    value = {"messages": messages, "max_tokens": request.sampling.max_new_tokens}
    body = json.dumps(value).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def response(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    value: dict[str, Any] = json.loads(await reader.readexactly(length))
    return int(head.split()[1]), value


def compared(served: dict[str, Any], expected: dict[str, str]) -> dict[str, Any]:
    """What was lost, mixed up or different, the rate and the latencies."""
    answers = served["answers"]
    others: dict[str, set[str]] = {}
    for case, text in expected.items():
        others.setdefault(text, set()).add(case)
    whole = [(case, text) for case, status, _, text in answers if status == 200]
    wrong = [(case, text) for case, text in whole if text != expected[case]]
    latencies = sorted(seconds for _, _, seconds, _ in answers)
    return {
        "seconds": round(served["seconds"], 1),
        "answers": len(answers),
        "statuses": Counter(status for _, status, _, _ in answers),
        "another_case's_answer": sum(text in others for _, text in wrong),
        "different": len(wrong),
        "answers_per_second": round(len(answers) / served["seconds"], 1),
        "cpu_ms_per_answer": {
            name: round(1000 * spent / len(answers), 2) for name, spent in served["cpu"].items()
        },
        "p50_seconds": round(latencies[len(latencies) // 2], 3),
        "p95_seconds": round(latencies[int(len(latencies) * 0.95)], 3),
    }


if __name__ == "__main__":
    main()
