"""A few faults of the campaign in ``benchmarks.faults``, which injects over a hundred."""

import sys

import pytest

from benchmarks.faults.__main__ import campaign
from benchmarks.faults.commands import COMMANDS

QUICK = ("pytest gguf", "pytest record", "gate", "judge", "report", "export merge")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for children in /proc")
def test_no_fault_is_a_hang_a_wrong_exit_code_or_a_silent_loss():
    commands = [command for command in COMMANDS if command.name in QUICK]
    ended = campaign(commands, seed=1, count=15, jobs=2, on_end=lambda one: None)
    assert {f"{e.scenario}": e.problems for e in ended if e.problems} == {}
    assert sum(e.struck.was_struck for e in ended) >= 8
