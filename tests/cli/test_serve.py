"""``harness serve``: mistakes on its command line, found before a model is opened."""

import socket
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from harness.ab.experiment import ARMS
from harness.cli import main
from harness.cli._serve_ab import _ready
from harness.cli.serve import KEY
from tests.models import TASKS, TINY_QWEN2

MODEL = ("--model", f"base:{TINY_QWEN2}", "--tasks-dir", str(TASKS), "--task", "json_extraction")


def refused(*arguments: str, **environment: str) -> str:
    result = CliRunner().invoke(main, ["serve", *arguments], env=environment)
    assert result.exit_code == 2, result.output
    return result.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--model", "lora:x"), "unknown kind 'lora'"),
        (("--model", "nothing"), "expected kind:location"),
        ((*MODEL, "--task", "jsn_extraction"), "no such task"),
        ((*MODEL, "--policy", "beam"), "expected raw, repair, constrained or retry:N"),
        ((*MODEL, "--policy", "retry:10"), "expected raw, repair, constrained or retry:N"),
        ((*MODEL, "--policy", "constrained", "--task", "code_assistant"), "has no answers with a"),
        ((*MODEL, "--timeout", "0"), "--timeout"),
        ((*MODEL, "--host", "256.1.1.1"), "cannot listen there"),
        ((), "name one model with --model, or two with --ab"),
        ((*MODEL, "--ab", "baseline=base:a", "candidate=base:b"), "name one model with --model"),
        ((*MODEL, "--log", "x", "--split", "20"), "--split is of --ab, leave it out"),
        (("--ab", "baseline=base:a", "candidate=base:b"), "--ab: needs --log DIR"),
        (("--ab", "base:a", "base:b", "--log", "x"), "expected baseline=KIND:LOCATION"),
        (("--ab", "baseline=base:a", "candidate=base:b", "--log", "x", "--split", "100"), "100"),
        (("--ab", "baseline=lora:a", "candidate=base:b", "--log", "x"), "unknown kind 'lora'"),
    ],
)
def test_a_mistake_is_refused(arguments, reason):
    assert reason in refused(*arguments)


@pytest.mark.parametrize("key", ["", "sk-\n1", "sk-clé", " sk-1"])
def test_a_key_that_no_header_carries_is_refused_without_being_shown(key):
    assert KEY in (said := refused(*MODEL, **{KEY: key}))
    assert not key.strip() or key not in said


def test_a_port_that_is_taken_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"--port {port}: cannot listen there" in refused(*MODEL, "--port", port)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((None, None), "; log: logs"),
        ((None, 900.0), "; 900 MB of memory are left; log: logs"),
        ((3214.0, 900.0), "; 900 MB of memory are left; log: logs"),
    ],
)
def test_an_experiment_that_is_ready_says_what_memory_is_left(left, said):
    arms = {
        arm: SimpleNamespace(name=arm, batching=SimpleNamespace(model=None, available_mb=mb))
        for arm, mb in zip(ARMS, left, strict=True)
    }
    log = SimpleNamespace(settings=SimpleNamespace(folder="logs"))
    serving = SimpleNamespace(arms=arms, experiment=SimpleNamespace(split=50.0), log=log)
    line = _ready("http://127.0.0.1:1", serving)
    models = "baseline (baseline) and candidate (candidate, 50% of the keys)"
    assert line == f"http://127.0.0.1:1/v1 serves {models}{said}"
