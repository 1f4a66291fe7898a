"""The log of an experiment after kills: what was answered is there, but for the batch in flight."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count

import pytest

from harness.ab.reading import read_log
from tests.models import ROOT, TASKS
from tests.patience import PATIENCE
from tests.serve.running import TEXT

PROGRAM = f"""
import sys
from pathlib import Path
from harness.ab.experiment import ARMS, Experiment
from harness.ab.log_folder import LogFolder, LogSettings
from harness.core.modelref import ModelRef
from harness.engine.fake_host import FakeHost
from harness.serve.ab import AbServer
from harness.serve.app import Server, ServerSettings
from harness.serve.server import bound, run
from harness.tasks.task import load_task

experiment = Experiment("ab", ModelRef.parse("base:old"), ModelRef.parse("base:new"), split=50)
task = load_task(Path({str(TASKS / "json_extraction")!r}))
arms = {{
    arm: Server(ServerSettings(experiment.ref(arm), tasks=[task]),
                FakeHost(lambda ref, request: "{{}}"), lambda entry: None)
    for arm in ARMS
}}
log = LogFolder(LogSettings(Path(sys.argv[1])), lambda entry: None)
listening = bound("127.0.0.1", 0)
server = AbServer(experiment, arms, log, lambda entry: None)
run(server, listening, lambda: print(listening.getsockname()[1], flush=True))
"""
BATCH_SECONDS = 1.0
"""A writer that gets no core for so long is not what is tested; a line is written in 0.05 s."""


class Clients:
    """Ask a server in turn, and note when each answer came."""

    def __init__(self, port):
        self.port = port
        self.answered = {}
        self._changed = threading.Condition()
        self._keys = count()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        body = json.dumps({"variables": {"text": TEXT}})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with_key = {"Content-Type": "application/json"}
        try:
            while True:
                headers = {**with_key, "X-Harness-Key": f"u{next(self._keys)}"}
                connection.request("POST", "/v1/tasks/json_extraction", body, headers)
                response = connection.getresponse()
                response.read()
                with self._changed:
                    self.answered[response.getheader("X-Request-ID")] = time.monotonic()
                    self._changed.notify_all()
        except (OSError, http.client.HTTPException):
            connection.close()

    def reach(self, answers):
        """Wait for so many answers, the first of which has had the time to be logged."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_reached(answers), 60)

    def _is_reached(self, answers):
        came = [*self.answered.values()]
        return len(came) >= answers and time.monotonic() - came[0] > 1.5 * BATCH_SECONDS

    def join(self):
        for thread in self._threads:
            thread.join(30)


def killed_after(folder, answers, number):
    """The answers of a server that was then killed, and the time of the kill."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, env=environment
    ) as server:
        clients = Clients(int(server.stdout.readline()))
        clients.reach(answers)
        at = time.monotonic()
        server.send_signal(number)
        server.wait(30)
        clients.join()
    assert server.returncode == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    return clients.answered, at


@pytest.mark.slow
def test_ten_kills_lose_the_batch_in_flight_at_most(tmp_path):
    answered, settled = {}, set()
    for kill in range(10):
        own, at = killed_after(tmp_path, 40 + 23 * kill, signal.SIGKILL)
        answered |= own
        settled |= {name for name, came in own.items() if came < at - BATCH_SECONDS}
    found = read_log([tmp_path])
    logged = {entry.id for entry in found.entries}
    assert len(settled) >= 100
    assert settled <= logged
    print(f"{len(answered):,} answers, {len(answered.keys() - logged)} not in the log")
    assert found.broken == []
    assert found.halves <= 10


@pytest.mark.slow
def test_a_terminated_server_loses_nothing(tmp_path):
    answered, _ = killed_after(tmp_path, 100, signal.SIGTERM)
    found = read_log([tmp_path])
    assert answered.keys() <= {entry.id for entry in found.entries}
    assert (found.halves, found.broken) == (0, [])
