"""A backend's process that crashes, is killed or hangs loses one batch and nothing else.

Real processes, real signals: the tests send them to the backend while it generates.
"""

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from safetensors.torch import load_file, save_file

from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.events import Answered, ModelOpened
from harness.engine.model import EngineSettings, ModelUnopened
from harness.engine.process import RemoteModel
from harness.engine.worker_process import WorkerProcess
from tests.forked import own_children
from tests.models import TINY_QWEN2

BATCH = 4
REQUESTS = [
    Request(
        "t", f"case-{i:02d}", (Message("user", f"What is {i} + 1?"),), Sampling(max_new_tokens=16)
    )
    for i in range(12)
]
LENGTH = 64
"""More than any prompt and its answer: with ``BATCH * LENGTH`` tokens, a batch has four rows or
some more, and there are at least two batches."""


def generation(**settings) -> RemoteModel:
    return RemoteModel(
        ModelRef("base", str(TINY_QWEN2)),
        EngineSettings(device="cpu", threads=1, batch_tokens=BATCH * LENGTH, **settings),
    )


def answered(generation: RemoteModel, after_first: Callable[[psutil.Process], None]):
    """All answers; ``after_first`` gets the backend's process once the first batch is there."""
    found = {}
    for request, completion in generation.answers(REQUESTS):
        if not found:
            (backend,) = own_children()
            after_first(backend)
        found[request.key] = completion
    return found


def test_every_request_is_answered_once():
    run = generation()
    found = answered(run, lambda backend: None)
    assert set(found) == {r.key for r in REQUESTS}
    assert all(c.finish_reason is not FinishReason.ERROR and c.token_ids for c in found.values())
    assert run.model is not None
    assert run.model.peak_memory_mb > 50
    assert run.model.weights_sha256


def test_a_killed_backend_costs_its_batch_and_the_rest_is_answered_by_a_new_process():
    found = answered(generation(), lambda backend: backend.send_signal(signal.SIGKILL))
    lost = [c for c in found.values() if c.finish_reason is FinishReason.ERROR]
    assert set(found) == {r.key for r in REQUESTS}
    assert len(lost) < len(REQUESTS)
    assert all("was killed (SIGKILL)" in c.error for c in lost)


@pytest.mark.slow
def test_a_hanging_backend_is_ended():
    """It may be silent for long while it opens; the patience ends once it has answered."""
    run = generation()

    def hang(backend: psutil.Process) -> None:
        backend.suspend()
        run._process.stall_seconds = 2.0

    found = answered(run, hang)
    lost = [c for c in found.values() if c.finish_reason is FinishReason.ERROR]
    assert set(found) == {r.key for r in REQUESTS}
    assert all("the backend hung: no word for 2 s" in c.error for c in lost)


def test_a_backend_that_dies_before_it_opened_is_given_up(monkeypatch):
    """Killed as it starts, every time: one attempt, and every request says how it ended."""
    started = []

    def start_and_kill(stall_seconds: float) -> WorkerProcess:
        started.append(WorkerProcess(stall_seconds))
        started[-1].popen.kill()
        return started[-1]

    monkeypatch.setattr("harness.engine.process.WorkerProcess", start_and_kill)
    found = dict(generation().answers(REQUESTS))
    assert len(started) == 1
    assert len(found) == len(REQUESTS)
    assert all("was killed (SIGKILL)" in (c.error or "") for c in found.values())


def test_a_process_that_stays_open_answers_again_without_loading_again():
    run = generation()
    run.stays_open = True
    first = dict(run.answers(REQUESTS[:4]))
    (backend,) = own_children()
    second = dict(run.answers(REQUESTS[4:8]))
    assert own_children() == [backend]
    run.close()
    assert not psutil.pid_exists(backend.pid)
    assert {r.key for r in (*first, *second)} == {r.key for r in REQUESTS[:8]}
    assert all(
        c.finish_reason is not FinishReason.ERROR for c in (*first.values(), *second.values())
    )


def test_a_process_that_died_while_it_waited_is_replaced():
    run = generation()
    run.stays_open = True
    list(run.answers(REQUESTS[:4]))
    (backend,) = own_children()
    backend.kill()
    backend.wait()
    found = dict(run.answers(REQUESTS[4:8]))
    run.close()
    assert all(c.finish_reason is not FinishReason.ERROR for c in found.values())


def test_answers_that_nobody_hears_out_end_the_process():
    """The rest of them would be taken for answers to the next requests."""
    run = generation()
    run.stays_open = True
    stream = run.answers(REQUESTS)
    next(stream)
    stream.close()
    assert own_children() == []
    found = dict(run.answers(REQUESTS[:2]))
    run.close()
    assert set(found) == set(REQUESTS[:2])


def test_a_model_that_does_not_open_says_why(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "nonesuch"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    run = RemoteModel(ModelRef("base", str(tmp_path)), EngineSettings())
    with pytest.raises(ModelUnopened) as error:
        list(run.answers(REQUESTS))
    assert "nonesuch" in str(error.value)
    assert "\n" not in str(error.value)


def test_no_process_is_left_behind():
    stream = generation().answers(REQUESTS)
    next(stream)
    (backend,) = own_children()
    stream.close()
    assert not psutil.pid_exists(backend.pid)


# A process that is prewarmed


def test_a_prewarmed_process_is_the_one_that_opens_the_model():
    run = generation()
    run.stays_open = True
    run.prewarm()
    (prewarmed,) = own_children()
    found = dict(run.answers(REQUESTS[:2]))
    assert own_children() == [prewarmed]
    run.close()
    assert all(c.finish_reason is not FinishReason.ERROR for c in found.values())


def test_a_process_that_dies_while_it_is_prewarmed_is_one_that_died_before_it_opened():
    run = generation()
    run.prewarm()
    (prewarmed,) = own_children()
    prewarmed.kill()
    found = dict(run.answers(REQUESTS))
    assert len(found) == len(REQUESTS)
    assert all("was killed (SIGKILL)" in (c.error or "") for c in found.values())
    assert own_children() == []


def test_an_import_that_fails_is_told_in_the_same_words_prewarmed_or_not(tmp_path, monkeypatch):
    """As torch does, this one fails in another way when it is imported again."""
    (tmp_path / "torch.py").write_text(
        "import sys\n"
        "sys.is_tried = hasattr(sys, 'is_tried') and 1 / 0\n"
        "raise ImportError('libtorch.so: cannot open shared object file')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    reasons = []
    for is_prewarmed in (True, False):
        run = generation()
        if is_prewarmed:
            run.prewarm()
        with pytest.raises(ModelUnopened) as error:
            list(run.answers(REQUESTS))
        reasons.append(str(error.value))
    assert reasons == ["ImportError: libtorch.so: cannot open shared object file"] * 2


def test_a_prewarmed_process_is_given_up_where_another_would_run_otherwise(monkeypatch, tmp_path):
    """A test module may set variables for the model's process as it is collected."""
    run = RemoteModel(ModelRef("record", str(tmp_path / "none")), EngineSettings())
    run.prewarm()
    (prewarmed,) = own_children()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with pytest.raises(ModelUnopened):
        list(run.answers(REQUESTS))
    assert not psutil.pid_exists(prewarmed.pid)
    assert own_children() == []


def test_closing_ends_a_process_that_was_only_prewarmed():
    run = generation()
    run.prewarm()
    (prewarmed,) = own_children()
    run.close()
    assert not psutil.pid_exists(prewarmed.pid)


# A model that is replaced while it is in use


def copied(folder: Path) -> Path:
    shutil.copytree(TINY_QWEN2, folder)
    return folder


def replace_weights(folder: Path) -> None:
    """Another model of the same shape takes the name of the weights."""
    weights = load_file(folder / "model.safetensors")
    other = folder / "other"
    save_file({name: tensor * 2 for name, tensor in weights.items()}, other, {"format": "pt"})
    other.replace(folder / "model.safetensors")


def test_no_answer_is_taken_after_the_weights_were_replaced(tmp_path):
    folder = copied(tmp_path / "model")
    run = RemoteModel(ModelRef("base", str(folder)), generation().settings, stays_open=True)
    first = dict(run.answers(REQUESTS[:2]))
    replace_weights(folder)
    second = dict(run.answers(REQUESTS[2:4]))
    run.close()
    assert all(c.finish_reason is not FinishReason.ERROR for c in first.values())
    assert all(c.finish_reason is FinishReason.ERROR for c in second.values())
    assert all("was replaced while the model was in use" in c.error for c in second.values())
    assert "was replaced" in run.model.error


@pytest.mark.slow
def test_a_model_that_was_replaced_is_not_opened_a_second_time(tmp_path):
    folder = copied(tmp_path / "model")
    run = RemoteModel(ModelRef("base", str(folder)), generation().settings)
    list(run.answers(REQUESTS[:1]))
    first = run.model
    replace_weights(folder)
    with pytest.raises(ModelUnopened, match="was replaced during the run"):
        list(run.answers(REQUESTS[1:2]))
    assert own_children() == []
    assert run.model.weights_sha256 == first.weights_sha256
    assert "was replaced during the run" in run.model.error


# Code of the model's own


def test_a_model_that_brings_its_own_code_is_refused_at_once(tmp_path, monkeypatch):
    """transformers would ask on standard input, which nobody answers."""
    folder = copied(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "payload.Config", "AutoModelForCausalLM": "payload.Model"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "x", "auto_map": own}))
    (folder / "payload.py").write_text("open('it-ran', 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnopened, match=r"the code that it brings along .* could do anything"):
        list(RemoteModel(ModelRef("base", str(folder)), EngineSettings()).answers(REQUESTS))
    assert not (tmp_path / "it-ran").exists()


def test_whoever_reads_standard_input_finds_its_end(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError(repr(__import__('sys').stdin.read()))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelUnopened, match="ImportError: ''"):
        list(generation().answers(REQUESTS))


class Later:
    """Requests that a test has enter and leave while others are answered."""

    def __init__(self) -> None:
        self.enters: list[Request] = []
        self.leaves: list[str] = []
        self.wake = None

    def entering(self):
        taken, self.enters = self.enters, []
        return taken

    def leaving(self):
        taken, self.leaves = self.leaves, []
        return taken

    def listen(self, wake):
        self.wake = wake


@pytest.mark.slow
def test_requests_enter_and_leave_while_others_are_answered_and_a_death_costs_all_that_are_asked():
    settings = EngineSettings(device="cpu", threads=1)
    run, later = RemoteModel(ModelRef("base", str(TINY_QWEN2)), settings, True), Later()
    endless = replace(REQUESTS[0], sampling=Sampling(2_000, temperature=100.0, seed=2))
    found = {}
    for event in run.continuous_events([endless], later):
        if isinstance(event, ModelOpened):
            later.enters = REQUESTS[1:3]
        elif isinstance(event, Answered):
            found[event.request.key] = event.completion
            later.leaves = [endless.key] if len(found) == 2 else []
            later.wake()
    assert set(found) == {r.key for r in REQUESTS[1:3]}
    assert later.wake is None
    alone = dict(run.answers(REQUESTS[1:3]))
    assert {r.key: c.token_ids for r, c in alone.items()} == {
        key: c.token_ids for key, c in found.items()
    }

    lost = []
    for event in run.continuous_events([endless, REQUESTS[3]], later):
        if isinstance(event, Answered):
            lost.append(event.completion.error)
        elif isinstance(event, ModelOpened):
            own_children()[0].kill()
    assert len(lost) == 2
    assert all("was killed (SIGKILL)" in error for error in lost)
    assert (run.is_open, run.end_reason) == (False, None)

    events = list(run.continuous_events([REQUESTS[4]], later))
    assert [e.completion.error for e in events if isinstance(e, Answered)] == [None]
    own_children()[0].kill()
    while run.end_reason is None:
        pass
    assert "was killed (SIGKILL)" in run.end_reason

    list(run.continuous_events([REQUESTS[4]], later))
    run._process.stall_seconds = 1.0  # It is stopped, so that it is asked and then found dead.
    own_children()[0].suspend()
    events = list(run.continuous_events([REQUESTS[5]], later))
    assert [e.completion.error for e in events if isinstance(e, Answered)] == [None]
    run.close()
