"""The pytest plugin: options, the behavior mark, fixtures, hooks. What they do is elsewhere.

A session without a behavior costs it the import of this file, which imports nothing of ours.
A behavior is a test that uses one of the fixtures below; everything else is left alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.core.measurement import Latency, Memory
    from harness.core.modelref import ModelRef
    from harness.parity.pair import FirstToken, TaskParity
    from harness.plugin.session import PytestSession
    from harness.run.selection import Subject
    from harness.tasks.task import Task

SUBJECT = "harness_subject"
"""The fixture behind all of ours: who asks for it is a behavior."""
REFUSAL = "harness_refusal"
SESSION: pytest.StashKey[PytestSession] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "suites over language models")
    _add_what_is_judged(group.addoption)
    _add_drawn_cases(group.addoption)
    _add_what_it_is_held_against(group.addoption)
    _add_decoding(group.addoption)
    _add_how_models_are_opened(group.addoption)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "behavior(needs=..., budget=...): judged on every task that declares what it needs; "
        "the budget is the least pass rate where the task names none",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if SUBJECT in metafunc.fixturenames and not _is_distributed(metafunc.config):
        _session(metafunc.config).parametrize(metafunc)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if session := config.stash.get(SESSION, None):
        session.check_collection(items)
    elif any(SUBJECT in getattr(i, "fixturenames", ()) for i in items) and _is_distributed(config):
        from harness.plugin.distributed import refuse

        refuse(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    if ours := session.config.stash.get(SESSION, None):
        ours.plan(session.items)
    elif session.config.getoption("--baseline") is not None and not _is_distributed(session.config):
        raise pytest.UsageError(
            "--baseline: no behavior was collected, so there is nothing to gate"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    session = pyfuncitem.config.stash.get(SESSION, None)
    if session is None or SUBJECT not in pyfuncitem.fixturenames:
        return None
    session.run(pyfuncitem)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    report = yield
    if session := item.config.stash.get(SESSION, None):
        session.render_failure(item, call, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if ours := session.config.stash.get(SESSION, None):
        ours.finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if session := terminalreporter.config.stash.get(SESSION, None):
        session.summarize(terminalreporter)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """xdist: a worker has ended, perhaps because it found behaviors."""
    from harness.plugin.distributed import Refusal, has_refused

    plugins = node.config.pluginmanager
    if has_refused(getattr(node, "workeroutput", None)) and not plugins.hasplugin(REFUSAL):
        plugins.register(Refusal(), REFUSAL)


@pytest.fixture
def harness_subject(request: pytest.FixtureRequest) -> Subject:
    """The model and the task that this test judges."""
    subject: Subject = request.param
    _session(request.config).answer_for(request.node, subject)
    return subject


@pytest.fixture
def completion(harness_subject: Subject) -> None:
    """One completion: the test is called once for each completion of its task and model."""


@pytest.fixture
def case(harness_subject: Subject) -> None:
    """The case that ``completion`` answers."""


@pytest.fixture
def completions(harness_subject: Subject, request: pytest.FixtureRequest) -> tuple[Any, ...]:
    """All completions of the task and model, for a property of the whole run."""
    return _session(request.config).completions(harness_subject)


@pytest.fixture
def task(harness_subject: Subject) -> Task:
    """The task whose answers are judged."""
    return harness_subject.task


@pytest.fixture
def model(harness_subject: Subject) -> ModelRef:
    """The model whose answers are judged."""
    return harness_subject.ref


@pytest.fixture
def latency(harness_subject: Subject, request: pytest.FixtureRequest) -> Latency:
    """How long answers take, asked one at a time after a warm-up."""
    return _session(request.config).latency(harness_subject)


@pytest.fixture
def memory(harness_subject: Subject, request: pytest.FixtureRequest) -> Memory:
    """How much memory the model's process took at its worst."""
    return _session(request.config).memory(harness_subject)


@pytest.fixture
def parity(harness_subject: Subject, request: pytest.FixtureRequest) -> TaskParity:
    """How the model reads beside the ``--model`` before it; asked with ``--parity``."""
    return _session(request.config).beside(harness_subject)


@pytest.fixture
def first_step(parity: TaskParity) -> FirstToken:
    """How the model begins its answers beside the ``--model`` before it."""
    return parity.first_token


def _is_distributed(config: pytest.Config) -> bool:
    """True in a process that xdist has handed a share of the tests."""
    return hasattr(config, "workeroutput")


def _session(config: pytest.Config) -> PytestSession:
    """Ours, made when the first behavior is seen."""
    if SESSION not in config.stash:
        from harness.plugin.options import Asked

        asked = Asked.of(config)
        prepared = asked.prepared(config)
        if prepared is not None:
            config.add_cleanup(prepared.close)
        # While a process imports what the model takes, this one imports the rest of the harness.
        from harness.plugin.session import PytestSession

        config.stash[SESSION] = PytestSession(config, tuple(sys.argv), asked, prepared)
    return config.stash[SESSION]


def _add_what_is_judged(add: Callable[..., None]) -> None:
    add(
        "--model",
        action="append",
        default=[],
        metavar="KIND:LOCATION",
        help="a model to judge, such as base:PATH, adapter:PATH or record:RUN; repeatable",
    )
    add(
        "--task",
        action="append",
        default=[],
        metavar="NAME",
        help="only this task; repeatable (default: all of them)",
    )
    add("--tasks-dir", metavar="DIR", help="the folder of task folders")
    add("--report-dir", metavar="DIR", help="where the run's record goes")
    add("--limit", type=_count, metavar="N", help="only the first N cases of each task")
    add("--case", action="append", default=[], metavar="ID", help="only this case; repeatable")
    add("--per-case", action="store_true", help="one test for each case, for -k, --lf and -x")


def _add_drawn_cases(add: Callable[..., None]) -> None:
    add("--generate", type=_count, metavar="N", help="judge N drawn cases of each task instead")
    add("--generate-seed", type=int, default=0, metavar="N", help="seed of --generate (default: 0)")
    add("--generated", metavar="RUN", help="judge the drawn cases of a stored run instead")
    add(
        "--shrink-requests",
        type=_count_from_zero,
        default=320,
        metavar="N",
        help="the most prompts asked to find the smallest that fails (default: 320)",
    )


def _add_what_it_is_held_against(add: Callable[..., None]) -> None:
    add(
        "--parity",
        action="store_true",
        help="and hold each --model against the one before it: the same tokens, the same logits",
    )
    add("--baseline", metavar="NAME", help="and gate the run against this stored baseline")
    add("--margin", type=float, metavar="SHARE", help="the drop to accept: 0.02 is two points")
    add("--confidence", type=float, metavar="SHARE", help="of the gate's interval and tests")


def _add_decoding(add: Callable[..., None]) -> None:
    add(
        "--repeats",
        type=_count,
        default=1,
        metavar="N",
        help="N sampled answers to each case, for pass@N and pass^N (default: 1)",
    )
    add("--seed", type=int, metavar="N", help="seed of sampled decoding")
    add("--temperature", type=_temperature, metavar="T", help="decode at this temperature")


def _add_how_models_are_opened(add: Callable[..., None]) -> None:
    add("--dtype", choices=["float32", "bfloat16", "float16"], help="open models in this precision")
    add(
        "--quantize",
        choices=["nf4", "int8"],
        help="quantise transformers models as they open, through bitsandbytes",
    )
    add("--device", metavar="DEVICE", help="open models on cpu, cuda, cuda:1, mps")
    add(
        "--batch-tokens",
        type=_count,
        metavar="N",
        help="the most tokens, prompts and answers together, in one batch",
    )
    add("--threads", type=_count, metavar="N", help="CPU threads of a backend")
    add(
        "--stall-seconds",
        type=float,
        metavar="S",
        help="silence after which a backend counts as hung",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number from 1")
    return int(text)


def _count_from_zero(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _temperature(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(f"{text!r} is not a number from 0")
    return value
