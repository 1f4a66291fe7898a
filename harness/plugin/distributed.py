"""``pytest -n`` (pytest-xdist): xdist's controller runs the behaviors, its workers the other tests.

xdist's controller does not collect, so it learns from its workers that there are behaviors: these
run nothing then. The controller begins again as a session without ``-n`` does, except that it
hands the tests that are no behaviors to new workers first. A session without behaviors is xdist's
alone.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from typing import Any

import pytest

from harness.plugin import SESSION, plugin_name
from harness.plugin.items import SUBJECT, is_behavior

_IS_NEEDED = "harness_needs_controller"
_GIVEN = "harness_other_tests"


def register(config: pytest.Config) -> None:
    """Register the part of this process under xdist."""
    if is_worker(config):
        config.pluginmanager.register(Worker(config), plugin_name(Worker))
    elif config.getoption("dist", "no") != "no":
        config.pluginmanager.register(Controller(), plugin_name(Controller))


def is_worker(config: pytest.Config) -> bool:
    """True in a process that xdist has handed a share of the tests."""
    return hasattr(config, "workeroutput")


class Worker:
    """Runs nothing where there are behaviors, until the controller names the tests to run."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.given: dict[str, list[str]] | None = config.workerinput.get(_GIVEN)
        """Files and tests that the controller chose; ``None`` where it has not collected."""
        if self.given is not None:
            config.args = self.given["files"]

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note a behavior, also one that is deselected: options select by names that it has in the
        controller alone."""
        if self.given is None and _uses_model(item):
            self.config.workeroutput[_IS_NEEDED] = True

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Leave a mistake to the controller: a test is not found by a name that it has there."""
        try:
            return (yield)
        except pytest.UsageError:
            if self.given is not None or session.items:
                raise
            self.config.workeroutput[_IS_NEEDED] = True
            return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Before xdist sends the collection: keep what is to run here."""
        if _IS_NEEDED in self.config.workeroutput:
            session.items.clear()
        elif self.given is not None:
            session.items[:] = named_tests(session.items, {*self.given["tests"]})


class Controller:
    """Runs the behaviors in this process, where workers have found any."""

    def __init__(self) -> None:
        self.is_needed = False
        self.reported: set[str] = set()
        """Node ids that the workers skipped or could not collect."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Check whether a worker ended because it found behaviors."""
        output = getattr(node, "workeroutput", None) or {}
        self.is_needed |= output.get(_IS_NEEDED, False)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self.reported.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Report nothing for the second time."""
        report = yield
        if not report.passed and collector.nodeid in self.reported:
            report.outcome, report.result = "passed", []
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Once the workers have ended: collect and run as a session without ``-n``."""
        result = yield
        if self.is_needed:
            self.is_needed = False
            _replace_xdist(session)
            session.config.hook.pytest_collection(session=session)
            return session.config.hook.pytest_runtestloop(session=session)
        if SESSION not in session.config.stash:
            from harness.plugin.gate import require_behaviors

            require_behaviors(session.config)
        return result


def _replace_xdist(session: pytest.Session) -> None:
    """Take out xdist's plugin, which would not let this process collect."""
    manager = session.config.pluginmanager
    xdist: Any = manager.get_plugin("dsession")
    xdist.pytest_sessionfinish()  # ends its workers
    manager.unregister(xdist)
    manager.unregister(name="terminaldistreporter")
    manager.register(OtherTests(type(xdist), session), plugin_name(OtherTests))


class OtherTests:
    """Has xdist's workers run the tests of a session that are no behaviors."""

    def __init__(self, xdist: type, session: pytest.Session) -> None:
        self.xdist = xdist
        """The class of xdist's plugin."""
        self.session = session
        self.collected = 0
        """Number of all tests of the session."""
        self.given: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = len(session.items)

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Before pytest's own loop runs the behaviors, so that these have the machine for them."""
        option = session.config.option
        if session.testsfailed and not option.continue_on_collection_errors:
            return  # pytest's own loop says so.
        others = [item for item in session.items if not is_behavior(item)]
        session.items[:] = [item for item in session.items if is_behavior(item)]
        if others:
            self._distribute(others)
            # pytest's own loop would take a test that failed for an error of collection.
            option.continue_on_collection_errors = True
        terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.showfspath = None  # xdist had turned off the names of files.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Count all tests again: xdist sets the number of a worker's."""
        self.session.testscollected = self.collected

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_GIVEN] = self.given

    def _distribute(self, others: Sequence[pytest.Item]) -> None:
        self.given = {
            "files": [*dict.fromkeys(str(item.path) for item in others)],
            "tests": [*map(_place, others)],
        }
        config = self.session.config
        xdist = self.xdist(config)
        xdist.countfailures = self.session.testsfailed
        config.pluginmanager.register(xdist, "dsession")
        xdist.pytest_sessionstart(self.session)
        xdist.pytest_runtestloop()
        xdist.pytest_sessionfinish()


def _uses_model(item: pytest.Item) -> bool:
    return SUBJECT in getattr(item, "fixturenames", ())


def _place(item: pytest.Item) -> str:
    """The item's node id without what ``--dist loadgroup`` adds to it."""
    return f"{item.parent.nodeid}::{item.name}" if item.parent else item.nodeid


def named_tests(items: Sequence[pytest.Item], names: Collection[str]) -> list[pytest.Item]:
    """The named items. Where one is missing, all that are no behaviors, so that no test is lost and
    xdist sees whether its workers differ."""
    others = [(item, _place(item)) for item in items if not _uses_model(item)]
    is_whole = {*names} <= {name for _, name in others}
    return [item for item, name in others if not is_whole or name in names]
