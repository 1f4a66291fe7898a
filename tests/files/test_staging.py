"""Where exports go: whole, or not at all."""

import errno
import os
import shutil

import pytest

from harness.core.errors import HarnessError
from harness.files import staging as output
from harness.files.atomic import publish_folder


def write_and_fail(target, error):
    with output.staged(target) as staging:
        staging.path("gguf").write_text("half")
        staging.path("folder").mkdir()
        raise error


def test_nothing_is_left_of_a_block_that_fails(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "x", ZeroDivisionError())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_a_living_ones_kept(tmp_path):
    dead = tmp_path / ".m.gguf.999999999.gguf.partial"
    living = tmp_path / f".m.gguf.{os.getppid()}.gguf.partial"
    other = tmp_path / ".other.gguf.999999999.gguf.partial"
    for path in (dead, living, other):
        path.write_text("half")
    with output.staged(tmp_path / "m.gguf"):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([living, other])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_is_one_line(tmp_path, number):
    with pytest.raises(HarnessError, match="nothing was kept") as error:
        write_and_fail(tmp_path / "x", OSError(number, os.strerror(number)))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_numpy_cuts_short_is_one_line(tmp_path):
    """It says "65536 requested and 31416 written", without an errno."""
    with pytest.raises(HarnessError, match="the disk or a quota is full"):
        write_and_fail(tmp_path / "x", OSError("65536 requested and 31416 written"))


def test_a_disk_without_room_is_found_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, 10**9))
    output.check_space(tmp_path / "x", 10**8)
    with pytest.raises(HarnessError, match=r"needs 5.00 GB .* 1.00 GB free"):
        output.check_space(tmp_path / "x", 5 * 10**9)


def test_a_file_is_replaced_only_when_asked(tmp_path):
    (tmp_path / "m.gguf").write_text("there")
    with pytest.raises(HarnessError, match=r"m.gguf is there already, add --force"):
        output.check_file(tmp_path / "m.gguf", has_force=False)
    output.check_file(tmp_path / "m.gguf", has_force=True)


def test_a_record_alone_is_not_replaced_either(tmp_path):
    (tmp_path / "m.gguf.export.json").write_text("{}")
    with pytest.raises(HarnessError, match=r"m.gguf.export.json is there already"):
        output.check_file(tmp_path / "m.gguf", has_force=False)


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(HarnessError, match="is a folder, name the file"):
        output.check_file(tmp_path, has_force=True)
    with pytest.raises(HarnessError, match="there is no folder"):
        output.check_file(tmp_path / "missing" / "m.gguf", has_force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="is a file, name a folder"):
        output.check_folder(tmp_path / "file", True, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(HarnessError, match="may not be written"):
        output.check_file(tmp_path / "closed" / "m.gguf", has_force=True)


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    folder = tmp_path / "merged"
    folder.mkdir()
    output.check_folder(folder, False, ())
    (folder / "thesis.txt").write_text("three years")
    with pytest.raises(HarnessError, match="files that no export made"):
        output.check_folder(folder, True, ())
    (folder / "export.json").write_text("{}")
    with pytest.raises(HarnessError, match="holds a model already, add --force"):
        output.check_folder(folder, False, ())
    output.check_folder(folder, True, ())
    with pytest.raises(HarnessError, match="name a folder of its own"):
        output.check_folder(folder, True, (folder / "base",))


def test_a_folder_is_replaced_by_a_finished_one(tmp_path):
    target = tmp_path / "merged"
    target.mkdir()
    (target / "old").write_text("")
    with output.staged(target) as staging:
        staging.path("folder").mkdir()
        (staging.path("folder") / "fresh").write_text("")
        publish_folder(staging.path("folder"), target, staging.path("previous"))
    assert [path.name for path in target.iterdir()] == ["fresh"]
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
