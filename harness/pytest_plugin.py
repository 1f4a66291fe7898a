"""The entry point that pytest loads. Each feature is a plugin in ``harness/plugin/``.

A behavior is a test that uses one of the fixtures below; other tests are unaffected. A session
without behaviors imports only this file and the features' options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin import (
    SESSION,
    ab_noise,
    distributed,
    gate,
    generate,
    hookspecs,
    logprobs,
    options,
    parity,
    per_case,
    plan_out,
    ray_engine,
    shards,
)
from harness.plugin.items import SUBJECT
from harness.plugin.option_names import NamedOptions

if TYPE_CHECKING:
    from harness.core.measurement import Latency, Memory
    from harness.core.modelref import ModelRef
    from harness.parity.pair import FirstToken, TaskParity
    from harness.run.selection import Subject
    from harness.tasks.task import Task


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    added_options(parser).register(pluginmanager)


def added_options(parser: pytest.Parser) -> NamedOptions:
    """The plugin's options, added to ``parser`` by their prefixed names."""
    named = NamedOptions(parser)
    options.add_options(named)
    for feature in (per_case, generate, parity, gate, plan_out, shards, ab_noise, logprobs):
        feature.add_options(named)
    options.add_decoding_options(named)
    options.add_opening_options(named)
    ray_engine.add_options(named)
    return named


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "behavior(needs=..., budget=...): judged on every task that declares what it needs; "
        "the budget is the least pass rate where the task names none",
    )
    distributed.register(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if SUBJECT in metafunc.fixturenames and not distributed.is_worker(metafunc.config):
        from harness.plugin.collection import parametrize

        parametrize(metafunc)


def pytest_collection_finish(session: pytest.Session) -> None:
    if SESSION not in session.config.stash:
        gate.require_behaviors(session.config)


@pytest.fixture
def harness_subject(request: pytest.FixtureRequest) -> Subject:
    """The model and the task that this test judges."""
    from harness.plugin.evidence import have_answered

    subject: Subject = request.param
    have_answered(request.node, subject)
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
    from harness.plugin import evidence

    return evidence.completions(request.node, harness_subject)


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
    """Latency of answers, one request at a time after a warm-up."""
    from harness.plugin import evidence

    return evidence.latency(request.node, harness_subject)


@pytest.fixture
def memory(harness_subject: Subject, request: pytest.FixtureRequest) -> Memory:
    """Peak memory of the model's process."""
    from harness.plugin import evidence

    return evidence.memory(request.node, harness_subject)


@pytest.fixture(name="parity")
def parity_fixture(harness_subject: Subject, request: pytest.FixtureRequest) -> TaskParity:
    """Tokenization compared with the ``--model`` before; needs ``--parity``."""
    return parity.parity_of(request.node)


@pytest.fixture
def first_step(parity: TaskParity) -> FirstToken:
    """First token of answers compared with the ``--model`` before."""
    return parity.first_token
