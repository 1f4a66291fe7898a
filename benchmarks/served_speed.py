"""Answers a second of a GGUF file: ours, llama.cpp's own server, and our client over that server.

    python -m benchmarks.served_speed --server llama-server [FILE.gguf]

128 cases of the bundled ``json_extraction`` are answered greedily, in turns, five times: by
``--model gguf:``; one after the other by llama-cpp-python's ``Llama.generate``; by ``llama-server``
with parallel slots, once through ``--model endpoint:`` and once through a bare client, which posts
the same bodies over as many kept connections and does nothing else. The server's slots are those
that are fastest of some numbers on a part of the cases. Each server is a new process, since it
keeps the prompts it has seen; loading is not timed. Without FILE it is the real model of
``pip install 'slm-harness[real]'``. ``llama-server`` is to be built from the sources that
llama-cpp-python was built from. The result is written to ``benchmarks/results/served_speed.json``.
"""

import argparse
import contextlib
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import Any

from benchmarks.gguf_speed import asked, child, read
from benchmarks.real_model import packaged_file
from harness import backends
from harness.backends.endpoint import protocol_of
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.events import Answered
from harness.engine.model import EngineSettings
from harness.machine.cores import usable_cores
from harness.machine.environment import environment

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/served_speed.json"
NAME = "model"
NEW_TOKENS = 48
CASES, PROBED = 128, 32
SLOTS = (4, 8, 16, 32)
ROUNDS = 5
CELLS_PER_SLOT = 1_024
"""Length of the key-value cache of a slot; no prompt and answer takes more."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--server", required=True, metavar="PATH", help="llama-server")
    chosen = parser.parse_args()
    file = chosen.file or packaged_file()
    sides = measure(file, chosen.server)
    seconds = {name: median(times) for name, times in sides["seconds"].items()}
    served = seconds["llama-server, bare client"]
    result = {
        "model": file.name,
        "cases": CASES,
        "new_tokens": NEW_TOKENS,
        **sides,
        "requests_per_second": {name: round(CASES / t, 2) for name, t in seconds.items()},
        "gguf_over_server": round(served / seconds["gguf"], 3),
        "gguf_over_sequential": round(seconds["sequential"] / seconds["gguf"], 3),
        "endpoint_over_bare_client": round(served / seconds["llama-server, endpoint"], 3),
        "server": version(chosen.server),
        "environment": environment(ROOT),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps({k: v for k, v in result.items() if k != "environment"}, indent=1))


def measure(file: Path, server: str) -> dict[str, Any]:
    """Seconds of each side in each round."""
    threads, requests = usable_cores(), asked(NEW_TOKENS, CASES)
    probe = {n: served(server, file, n, bare, requests[:PROBED]) for n in SLOTS}
    slots = min(probe, key=probe.__getitem__)
    given = {"file": str(file), "limit": NEW_TOKENS, "threads": threads}
    given |= read(str(file), NEW_TOKENS)
    sequential = {"peer_threads": threads, "is_flash": True}
    sides: dict[str, Callable[[], float]] = {
        "gguf": lambda: child("ours", given, cases=CASES)["seconds"],
        "sequential": lambda: child("peer", given, cases=CASES, **sequential)["seconds"][
            str(CASES)
        ],
        "llama-server, bare client": lambda: served(server, file, slots, bare, requests),
        "llama-server, endpoint": lambda: served(server, file, slots, endpoint, requests),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            seconds[name].append(round(side(), 3))
            print(name, seconds[name][-1], flush=True)
    return {"slots": slots, "seconds_by_slots": probe, "seconds": seconds}


Client = Callable[[int, Sequence[Request], int], None]
"""Has the server at a port answer all requests, so many at a time."""


def served(
    server: str, file: Path, slots: int, client: Client, requests: Sequence[Request]
) -> float:
    """Seconds in which a new server with so many slots answers, after one answer to warm up."""
    with running(server, file, slots) as port:
        client(port, requests[-1:], 1)
        started = time.perf_counter()
        client(port, requests[:-1] if len(requests) > 1 else requests, slots)
        return time.perf_counter() - started


def endpoint(port: int, requests: Sequence[Request], at_once: int) -> None:
    """``--model endpoint:``."""
    ref = ModelRef.parse(f"endpoint:http://127.0.0.1:{port}/v1#{NAME}")
    model = backends.connect(ref, EngineSettings(concurrency=at_once))
    answers = [e.completion for e in model.events(requests) if isinstance(e, Answered)]
    model.close()
    require(len(answers) == len(requests) and not any(a.error for a in answers))


def bare(port: int, requests: Sequence[Request], at_once: int) -> None:
    """Posts the same bodies over kept connections, and reads the answers' bytes."""
    protocol = protocol_of(ModelRef.parse(f"endpoint:http://127.0.0.1:{port}/v1#{NAME}"))
    bodies: SimpleQueue[bytes] = SimpleQueue()
    for request in requests:
        bodies.put(json.dumps(protocol.body(request)).encode())

    def post(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while not bodies.empty():
            with contextlib.suppress(Exception):
                body = bodies.get_nowait()
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/v1/{protocol.path}", body, headers)
            response = connection.getresponse()
            require(bool(response.read()) and response.status == 200)

    with ThreadPoolExecutor(at_once) as pool:
        [*pool.map(post, range(at_once))]


@contextlib.contextmanager
def running(server: str, file: Path, slots: int) -> Iterator[int]:
    """The port of a server that is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = str(usable_cores())
    command = [
        *(server, "--model", str(file), "--alias", NAME, "--port", str(port)),
        *("--parallel", str(slots), "--ctx-size", str(slots * CELLS_PER_SLOT)),
        *("--threads", threads, "--threads-batch", threads, "--no-webui"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not is_ready(port):
            require(process.poll() is None)
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def version(server: str) -> str:
    done = subprocess.run([server, "--version"], capture_output=True, text=True, check=True)
    return (done.stderr or done.stdout).splitlines()[0]


def require(is_so: bool) -> None:
    if not is_so:
        raise SystemExit("the server did not answer")


if __name__ == "__main__":
    main()
