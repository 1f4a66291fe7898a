"""The ledger counts attempts on every machine, whatever a merge or a killed process left in it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.attempts import Attempts
from harness.records import ledger as ledgers
from harness.records.ledger import LEDGER, Ledger, LedgerEntry, enter, read_ledger
from tests.models import ROOT

ENTRY = LedgerEntry("gate", "main", "run-0", "f" * 64, "run-1", "adapter:a", "a" * 64, "pass")


def at(number: int, **changes: str | None) -> LedgerEntry:
    return replace(ENTRY, run=f"run-{number}", time=f"2026-11-20T13:{number:02}:00Z", **changes)


def test_what_is_entered_is_read_with_its_time(tmp_path: Path) -> None:
    assert enter(ENTRY, tmp_path / "baselines") == ""
    (found,) = read_ledger(tmp_path / "baselines").entries
    assert replace(found, time="") == ENTRY
    assert found.time.endswith("Z")
    assert ENTRY in read_ledger(tmp_path / "baselines")


def test_attempts_count_over_machines_and_retrained_weights() -> None:
    runs = tuple(at(i, weights="a" * 64 if i < 3 else f"{i}" * 64) for i in range(1, 5))
    assert Ledger().attempts(at(5)) == Attempts(1, 0)
    assert Ledger(runs).attempts(at(5, weights="b" * 64)) == Attempts(5, 4)
    assert Ledger(runs).attempts(at(5)) == Attempts(5, 2)


def test_a_run_keeps_its_number_when_it_is_gated_again() -> None:
    assert Ledger(tuple(at(i) for i in range(1, 5))).attempts(at(2)) == Attempts(2, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"baseline": "other"},
        {"baseline_run": "run-7"},
        {"plan": "e" * 64},
        {"event": "baseline"},
        {"outcome": "not comparable"},
    ],
)
def test_what_is_no_attempt_against_this_baseline(change: dict[str, str]) -> None:
    assert Ledger((at(1, **change),)).attempts(at(2)) == Attempts(1, 0)


def test_a_line_that_stands_twice_counts_once_and_the_order_is_that_of_time(tmp_path: Path) -> None:
    for entry in (ENTRY, ENTRY, replace(ENTRY, run="run-2")):
        enter(entry, tmp_path)
    path = tmp_path / LEDGER
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*reversed(lines), *lines]) + "\n")
    assert len(read_ledger(tmp_path).entries) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"event": "gate", "baseline": "ma', "Unterminated string"),
        (b"\xff\xfe", "utf-8"),
        (b"<<<<<<< HEAD", "Expecting value"),
        (b"[" * 5_000, "nested too deep"),
        (b"[]", "should be a dictionary"),
        (b'{"event": "else"}', "event"),
        (b'"' + b"x" * 10_000 + b'"', "longer than 8,192 bytes"),
    ],
)
def test_a_damaged_line_is_said_and_passed_over(tmp_path: Path, line: bytes, reason: str) -> None:
    enter(ENTRY, tmp_path)
    with (tmp_path / LEDGER).open("ab") as file:
        file.write(line)
    assert enter(replace(ENTRY, run="run-2"), tmp_path) == ""
    found = read_ledger(tmp_path)
    assert [e.run for e in found.entries] == ["run-1", "run-2"]
    assert f"{LEDGER}:2: " in found.damage
    assert reason in found.damage
    assert len(found.damage) < 400


def test_a_ledger_that_is_too_large_or_no_file_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(ENTRY, tmp_path)
    monkeypatch.setattr(ledgers, "MAX_BYTES", 10)
    assert "The ledger is not read: " in read_ledger(tmp_path).damage
    (tmp_path / "folder" / LEDGER).mkdir(parents=True)
    assert "no regular file" in read_ledger(tmp_path / "folder").damage
    assert "Not entered in " in enter(ENTRY, tmp_path / "folder")


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed there")
def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "profile"
    target.write_text("mine\n")
    (tmp_path / LEDGER).symlink_to(target)
    assert "this attempt will not be counted" in enter(ENTRY, tmp_path)
    assert target.read_text() == "mine\n"


def test_a_line_that_is_too_long_to_be_read_is_not_written(tmp_path: Path) -> None:
    assert "longer than" in enter(replace(ENTRY, model="a" * 9_000), tmp_path)
    assert not (tmp_path / LEDGER).exists()


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from dataclasses import replace; from pathlib import Path\n"
        "from harness.records.ledger import LedgerEntry, enter\n"
        "entry = LedgerEntry('gate', 'main', 'r', 'f' * 64, '', 'm' * 500, None, 'pass')\n"
        "for i in range(50): assert not enter(replace(entry, run=f'{sys.argv[2]}-{i}'),"
        " Path(sys.argv[1]))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(n)], cwd=ROOT)
        for n in range(3)
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    found = read_ledger(tmp_path)
    assert (len(found.entries), found.damage) == (150, "")
