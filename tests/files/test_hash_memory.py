"""The memory of hashes: what it remembers, and that it never costs a run."""

import os
import time

import pytest

from harness.files import hash_memory
from harness.files.cache_folder import STORE_VARIABLE, cache_folder
from harness.files.hash_memory import FILE, recall, remember
from harness.model_files import fingerprint

LONG_AGO = time.time_ns() - 10**12
SHA = "a" * 64
STAMP = (1, 2, 5_000_000, LONG_AGO, LONG_AGO)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_hash_is_recalled_by_path_and_stamp(cache, tmp_path):
    remember(tmp_path / "w", STAMP, SHA)
    assert recall(tmp_path / "w", STAMP) == SHA
    assert recall(tmp_path / "v", STAMP) is None


@pytest.mark.parametrize("part", range(5))
def test_another_stamp_is_another_file(cache, tmp_path, part):
    remember(tmp_path / "w", STAMP, SHA)
    changed = tuple(value + (i == part) for i, value in enumerate(STAMP))
    assert recall(tmp_path / "w", changed) is None


def test_a_file_that_may_still_change_is_not_remembered(cache, tmp_path):
    now = (*STAMP[:4], time.time_ns())
    remember(tmp_path / "w", now, SHA)
    assert recall(tmp_path / "w", now) is None


def test_a_small_file_is_not_remembered(cache, tmp_path):
    remember(tmp_path / "w", (1, 2, 3, LONG_AGO, LONG_AGO), SHA)
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"nonsense" * 500, b""])
def test_a_damaged_memory_costs_nothing_but_the_time_to_hash(cache, tmp_path, content):
    cache.mkdir()
    (cache / FILE).write_bytes(content)
    remember(tmp_path / "w", STAMP, SHA)
    assert recall(tmp_path / "w", STAMP) in (SHA, None)


def test_what_is_no_hash_is_not_recalled(cache, tmp_path):
    remember(tmp_path / "w", STAMP, "short")
    assert recall(tmp_path / "w", STAMP) is None


def test_a_large_file_is_read_once_on_this_machine(cache, tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"x" * hash_memory.MIN_BYTES)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    # The time of change cannot be set back.
    monkeypatch.setattr(hash_memory, "SETTLED_SECONDS", -1.0)
    found = fingerprint.sha256_of_file(path)
    fingerprint._sha256.cache_clear()
    monkeypatch.setattr(fingerprint.hashlib, "file_digest", None)
    assert fingerprint.sha256_of_file(path) == found


@pytest.mark.parametrize("word", ["false", "FALSE", "off", "0"])
def test_a_variable_turns_it_off(monkeypatch, tmp_path, word):
    monkeypatch.setenv(STORE_VARIABLE, word)
    assert cache_folder() is None
    assert cache_folder(str(tmp_path)) is None
    remember(tmp_path / "w", STAMP, SHA)
    assert recall(tmp_path / "w", STAMP) is None


def test_the_variable_then_the_setting_then_the_user_s_cache(monkeypatch, tmp_path):
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path))
    assert cache_folder("elsewhere") == tmp_path
    monkeypatch.delenv(STORE_VARIABLE)
    assert str(cache_folder("elsewhere")) == "elsewhere"
    assert cache_folder(setting=False) is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "slm-harness"
