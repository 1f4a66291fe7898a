"""Writes down each test that fails otherwise than by a verdict, with the place in the user's file.

``harness task check`` has pytest load this file with ``-p``; no other session knows its option.
"""

import json
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import one_line
from harness.files.atomic import write_whole
from harness.plugin.failure_text import BehaviorFailed
from harness.plugin.items import behavior_of, is_behavior, subject_of
from harness.tasks.check.user_suites import CRASHES_OPTION, Crash


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(CRASHES_OPTION, type=Path, required=True, help="file that crashes go to")


_CRASHES = pytest.StashKey[list[Crash]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Note a test that crashes, be it in a fixture."""
    report = yield
    if report.failed and not _is_verdict(item, call):
        item.config.stash.setdefault(_CRASHES, []).append(_crash(item, call, report))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write all crashes; a session that did not come to its end leaves no file."""
    crashes = session.config.stash.get(_CRASHES, [])
    path: Path = session.config.getoption(CRASHES_OPTION)
    write_whole(path, [json.dumps([asdict(crash) for crash in crashes])])


def _is_verdict(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    error = call.excinfo.value if call.excinfo else None
    is_judged = isinstance(error, BehaviorFailed | AssertionError)
    return is_judged and call.when == "call" and is_behavior(item)


def _crash(item: pytest.Item, call: pytest.CallInfo[None], report: Any) -> Crash:
    name, case_id = item.name, ""
    if is_behavior(item) and isinstance(item, pytest.Function):
        name, case_id = behavior_of(item), _case_id(item, call)
    return Crash(name, _place(item, call), _words(call, report), case_id)


def _case_id(item: pytest.Function, call: pytest.CallInfo[None]) -> str:
    """The case whose answer was being judged; empty for none."""
    error = call.excinfo.value if call.excinfo else None
    opening, ending = "while judging case ", f" of {subject_of(item).ref}"
    notes: list[str] = getattr(error, "__notes__", [])
    found = (n for n in notes if n.startswith(opening) and n.endswith(ending))
    return next((n[len(opening) : -len(ending)] for n in found), "")


def _place(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """``file:line`` of the innermost call in the user's suites, else of the test."""
    path, line = item.path, item.location[1] or 0
    for entry in call.excinfo.traceback if call.excinfo else ():
        file = Path(entry.path)
        if file.is_relative_to(item.path.parent) or file.name == "conftest.py":
            path, line = file, entry.lineno
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{line + 1}"


def _words(call: pytest.CallInfo[None], report: Any) -> str:
    """The type of the exception and the first line of its message."""
    if call.excinfo is None:
        return str(report.longrepr).partition("\n")[0]
    if unknown := getattr(report.longrepr, "errorstring", ""):  # a fixture that there is not
        return f"{call.excinfo.typename}: {unknown.strip().splitlines()[0]}"
    try:
        return one_line(call.excinfo.value)  # type: ignore[arg-type]
    except Exception:  # the exception's own __str__ crashes too
        return call.excinfo.typename
