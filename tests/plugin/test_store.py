"""Sessions over the store of completions, with real models and real kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from harness.files.cache_folder import STORE_VARIABLE
from harness.records.completions_file import FILE
from tests.models import TINY_QWEN2
from tests.project import Outcome, Project, clean_environment
from tests.same_record import comparable_runs

CASES = 40
BATCH = 12
"""More answers than a batch of this many tokens has."""
MODEL = ("--model", "base:model", "--device", "cpu", "--threads", "1", "--batch-tokens", "400")
COUNTED = """
import pathlib
from harness.engine.worker_process import WorkerProcess

messages, answered = WorkerProcess.messages, []

def counted(self):
    for message in messages(self):
        if message["kind"] == "answered":
            with open("generated.txt", "a") as file:
                file.writelines(key + chr(10) for key in message["keys"])
            answered.append(message)
            if len(answered) == 3 and pathlib.Path("kill").exists():
                {action}
        yield message

WorkerProcess.messages = counted
"""


NO_LIBRARIES = """
import sys

for name in ("torch", "transformers", "llama_cpp", "tokenizers"):
    sys.modules[name] = None
import harness.engine.process

harness.engine.process.WorkerProcess = None
"""


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    prepare(project)
    project.write("conftest.py", COUNTED.format(action="pass"))
    return project


def prepare(project: Project) -> None:
    project.task("echo", words=[f"word{n}" for n in range(CASES)])
    project.bundled_suite("test_json_validity.py")
    shutil.copytree(TINY_QWEN2, project.root / "model")


def run(project: Project, *more: str) -> Outcome:
    store = project.root / "cache"
    return project.pytest("suites", *MODEL, *more, **{STORE_VARIABLE: str(store)})


def generated(project: Project) -> list[str]:
    """The requests that a model answered since the last call, in any session."""
    path = project.root / "generated.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def verified(project: Project) -> int:
    """Exit code of ``harness store verify``."""
    return subprocess.run(
        [sys.executable, "-m", "harness", "store", "verify"],
        env=clean_environment(**{STORE_VARIABLE: str(project.root / "cache")}),
        capture_output=True,
        check=False,
    ).returncode


def test_a_second_session_starts_no_model_imports_none_of_its_libraries_and_says_the_same(project):
    first = run(project)
    assert len(generated(project)) == CASES
    project.write("conftest.py", NO_LIBRARIES)
    second = run(project)
    assert generated(project) == []
    assert f"{CASES} of {CASES} answers from the store" in second.out
    assert "from the store" not in first.out
    assert first.code == second.code
    one, two = comparable_runs(project.root)
    assert one == two
    first_run, second_run = project.runs()
    assert {s.completion.origin.run for s in second_run.samples} == {first_run.id}


@pytest.mark.slow
def test_fresh_and_an_empty_setting_generate_again(project):
    run(project)
    generated(project)
    assert run(project, "--fresh").out.count("from the store") == 0
    assert len(generated(project)) == CASES
    project.write("pyproject.toml", '[tool.harness]\ntasks_dir = "tasks"\nstore = false\n')
    project.pytest("suites", *MODEL, **{STORE_VARIABLE: ""})
    assert len(generated(project)) == CASES


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json"]
)
def test_one_byte_of_a_file_makes_another_model(project, name):
    run(project)
    generated(project)
    path = project.root / "model" / name
    if path.suffix == ".json":
        path.write_text(path.read_text() + " ")
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    assert "from the store" not in run(project).out
    assert len(generated(project)) == CASES


@pytest.mark.slow
def test_a_template_beside_the_tokenizer_makes_another_model(project):
    run(project)
    generated(project)
    config = json.loads((project.root / "model/tokenizer_config.json").read_text())
    template = (
        config.get("chat_template") or (project.root / "model/chat_template.jinja").read_text()
    )
    (project.root / "model/chat_template.jinja").write_text(template + " ")
    run(project)
    assert len(generated(project)) == CASES


@pytest.mark.slow
def test_other_decoding_and_dtype_are_other_answers(project):
    run(project)
    generated(project)
    for more in (("--dtype", "bfloat16"), ("--temperature", "0.5")):
        assert "from the store" not in run(project, *more).out
        assert len(generated(project)) == CASES


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["os.getpid()", "self.popen.pid"])
def test_a_killed_session_is_resumed_by_the_same_command(project, victim):
    project.write("conftest.py", COUNTED.format(action=f"import os; os.kill({victim}, 9)"))
    (project.root / "kill").touch()
    killed = run(project)
    assert killed.code == (-signal.SIGKILL if "getpid" in victim else 1)
    before = generated(project)
    assert before
    (project.root / "kill").unlink()
    resumed = run(project)
    after = generated(project)
    assert " answers from the store" in resumed.out
    # What was in flight when the harness died was answered, but never reached the store.
    again = {*before} & {*after}
    assert len(before) + len(after) - len(again) == CASES
    assert len(again) < len(before) or len(before) <= 40
    assert verified(project) == 0
    whole = Project(project.root)
    assert whole.runs()[-1].status == "complete"


KILLED_AT_RANDOM = """
import os, random, threading, time
from harness.engine.worker_process import WorkerProcess

drawn = random.Random({seed})
victims = drawn.choice(["harness", "worker", "both"])
processes, begin = [], WorkerProcess.__init__

def started(self, *given):
    begin(self, *given)
    processes.append(self.popen)

def kill():
    if {seed} % 5:  # While it answers.
        batches = drawn.randint(1, 4)
        while len(answered) < batches:
            time.sleep(0.001)
        time.sleep(drawn.uniform(0, 0.1))
    else:
        time.sleep(drawn.uniform(0, {seconds}))
    if victims != "harness":
        for process in processes:
            process.kill()
    if victims != "worker":
        os.kill(os.getpid(), 9)

if os.path.exists("kill"):
    WorkerProcess.__init__ = started
    threading.Thread(target=kill, daemon=True).start()
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[dict, float]:
    """The record of a run, and the seconds from the start of its session to its end."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    prepare(project)
    project.write("conftest.py", "")
    begin = time.perf_counter()
    run(project)
    seconds = time.perf_counter() - begin
    (record,) = comparable_runs(project.root)
    return record, seconds


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_session_killed_at_a_random_moment_loses_nothing(project, undisturbed, seed):
    expected, seconds = undisturbed
    killer = KILLED_AT_RANDOM.format(seed=seed, seconds=seconds)
    project.write("conftest.py", COUNTED.format(action="pass") + killer)
    (project.root / "kill").touch()
    run(project)
    before = generated(project)
    (project.root / "kill").unlink()
    assert verified(project) == 0
    run(project)
    after = generated(project)
    assert len({*before, *after}) == CASES
    assert len({*before} & {*after}) <= BATCH
    assert comparable_runs(project.root)[-1] == expected
    assert verified(project) == 0


@pytest.mark.slow
def test_two_sessions_at_once_generate_each_answer_once(project):
    environment = clean_environment(**{STORE_VARIABLE: str(project.root / "cache")})
    command = [sys.executable, "-m", "pytest", "-p", "harness.pytest_plugin", "suites", *MODEL]
    sessions = [
        subprocess.Popen(command, cwd=project.root, env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for session in sessions:
        session.communicate()
    assert len(generated(project)) == CASES
    one, two = comparable_runs(project.root)
    assert one == two


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["file in the way", "damaged", "read only"])
def test_a_store_that_cannot_be_used_costs_a_line(project, fault):
    cache = project.root / "cache"
    match fault:
        case "file in the way":
            cache.write_text("")
        case "damaged":
            cache.mkdir()
            (cache / FILE).write_bytes(b"nonsense" * 1_000)
        case "read only":
            if os.geteuid() == 0:
                pytest.skip("root may write everywhere")
            cache.mkdir(mode=0o500)
    outcome = run(project)
    assert project.run().status == "complete"
    lines = [line for line in outcome.out.splitlines() if FILE in line]
    assert len(lines) == 1, outcome.out
    assert "aside" in lines[0] if fault == "damaged" else "without the store" in lines[0]
