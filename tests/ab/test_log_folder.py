"""The log keeps every line: rotated, private, and written again after a full disk."""

import json
import os
import threading

import pytest

from harness.ab import log_folder
from harness.ab.log_folder import LogFolder, LogSettings
from harness.ab.reading import read_log
from harness.core.errors import HarnessError
from tests.ab.lines import entry


class Said(list):
    """The server's own log, whose entries a test waits for."""

    def __init__(self):
        super().__init__()
        self.changed = threading.Condition()

    def __call__(self, line):
        with self.changed:
            self.append(line)
            self.changed.notify_all()

    def of(self, event):
        with self.changed:
            assert self.changed.wait_for(lambda: any(e["event"] == event for e in self), 10)
            return next(e for e in self if e["event"] == event)


def written(folder, numbers, said=None, **settings):
    log = LogFolder(LogSettings(folder, **settings), Said() if said is None else said)
    for number in numbers:
        log.add(entry(number).to_json())
    return log


def ids(folder):
    return [e.id for e in read_log([folder]).entries]


def test_every_line_is_there_after_a_close_and_a_restart(tmp_path):
    written(tmp_path / "log", range(300)).close()
    written(tmp_path / "log", range(300, 305)).close()
    assert ids(tmp_path / "log") == [f"id-{number}" for number in range(305)]
    files = sorted((tmp_path / "log").glob("*.jsonl"))
    assert len(files) == 2
    assert {oct(f.stat().st_mode & 0o777) for f in files} == {"0o600"}


def test_a_close_without_a_line_leaves_no_file(tmp_path):
    written(tmp_path, ()).close()
    assert list(tmp_path.glob("*.jsonl")) == []


def test_a_large_file_is_followed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(log_folder, "TICK_SECONDS", 0)
    first = written(tmp_path, (1,), max_bytes=10)
    with first._changed:
        assert first._changed.wait_for(lambda: not first._held, 10)
    first.add(entry(2).to_json())
    first.close()
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert ids(tmp_path) == ["id-1", "id-2"]


def test_a_full_disk_is_said_once_and_its_lines_come_later(tmp_path, monkeypatch):
    monkeypatch.setattr(log_folder, "TICK_SECONDS", 0)
    monkeypatch.setattr(log_folder, "RETRY_SECONDS", 0.01)
    real, is_full = os.write, threading.Event()

    def write(fd, data):
        if is_full.is_set() and b"harness.ab" in data:
            real(fd, data[:7])
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    said = Said()
    is_full.set()
    log = written(tmp_path, (1, 2), said)
    assert said.of("ab_log_failed")["reason"] == "No space left on device"
    assert log.problem is not None
    is_full.clear()
    said.of("ab_log_written_again")
    log.close()
    assert [e["event"] for e in said] == ["ab_log_failed", "ab_log_written_again"]
    assert ids(tmp_path) == ["id-1", "id-2"]


def test_lines_that_are_lost_are_counted_by_arm(tmp_path, monkeypatch):
    monkeypatch.setattr(log_folder, "MAX_HELD", 1)
    said = Said()
    log = written(tmp_path, (1,), said)
    with log._changed:
        assert log._changed.wait_for(lambda: not log._held, 10)
        log.problem = "full"
        log.add(entry(2, "candidate").to_json())
        log.add(entry(3, "candidate").to_json())
        log.add(entry(4).to_json())
        log.problem = None
        log.add(entry(5).to_json())
    log.close()
    assert read_log([tmp_path]).lost == {"candidate": 1, "baseline": 1}


def test_a_key_is_known_by_a_salted_hash(tmp_path):
    one, same, other = (LogFolder(LogSettings(tmp_path / n), Said()) for n in ("a", "a", "b"))
    assert one.hash_of("ada@example.org") == same.hash_of("ada@example.org")
    assert one.hash_of("ada@example.org") != other.hash_of("ada@example.org")
    assert one.hash_of(None) is None
    assert (tmp_path / "a/key.salt").stat().st_mode & 0o777 == 0o600
    for log in (one, same, other):
        log.close()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match=r"--log .*file/log: cannot be written"):
        LogFolder(LogSettings(tmp_path / "file/log"), Said())
    (tmp_path / "key.salt").write_text("short")
    with pytest.raises(HarnessError, match="is not the secret"):
        LogFolder(LogSettings(tmp_path), Said())


def test_half_a_line_is_passed_over_and_counted(tmp_path):
    whole = json.dumps(entry(1).to_json())
    (tmp_path / "a.jsonl").write_text(f"{whole}\n{whole[:40]}")
    (tmp_path / "b.jsonl").write_text(f"nonsense\n{json.dumps(entry(2).to_json())}\n{whole}\n")
    found = read_log([tmp_path, tmp_path / "a.jsonl"])
    assert [e.id for e in found.entries] == ["id-1", "id-2"]
    assert found.halves == 1
    assert found.broken == [f"{tmp_path / 'b.jsonl'}:1: is no line of an A/B log"]


def test_no_log_is_one_line(tmp_path):
    with pytest.raises(HarnessError, match=r"holds no \.jsonl file"):
        read_log([tmp_path])
    with pytest.raises(HarnessError, match="cannot be read"):
        read_log([tmp_path / "none.jsonl"])
    (tmp_path / "x.jsonl").write_text("{}\n")
    with pytest.raises(HarnessError, match=r"holds no line of an A/B log; .*x.jsonl:1"):
        read_log([tmp_path])
