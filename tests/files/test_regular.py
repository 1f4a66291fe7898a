"""Files that a person named: regular ones alone are read."""

import os
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.files.regular import read_regular


def test_a_file_is_read(tmp_path):
    (tmp_path / "f").write_bytes(b"x")
    assert read_regular(tmp_path / "f") == b"x"
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "g")


def test_what_never_ends_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(HarnessError, match="is no regular file"):
            read_regular(path)


def test_what_is_too_large_is_not_read(tmp_path):
    (tmp_path / "f").write_bytes(b"xx")
    with pytest.raises(HarnessError, match="is larger than 0 MB"):
        read_regular(tmp_path / "f", max_bytes=1)


def test_no_file_has_a_nul_in_its_name(tmp_path):
    with pytest.raises(HarnessError, match="no file has such a name"):
        read_regular(tmp_path / "a\0b")
