"""A file is there whole or as it was before."""

import os
import select
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.core.errors import HarnessError
from harness.files.atomic import clear_unfinished, publish_folder, write_whole


def test_text_is_written_as_it_is(tmp_path):
    write_whole(tmp_path / "f", ["a\r\n", "é\n"])
    assert (tmp_path / "f").read_bytes() == b"a\r\n\xc3\xa9\n"


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")

    def broken():
        yield "half"
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_whole(path, broken())
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
    assert path.read_text() == "old"


def test_rights_and_links_stay(tmp_path):
    path, link = tmp_path / "f", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write_whole(link, ["new"])
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", ["text"])
    assert os.read(reader, 10) == b"text"
    os.close(reader)


def test_a_pipe_that_is_read_slowly_gets_all_of_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    handle = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with ThreadPoolExecutor(1) as pool, os.fdopen(handle) as reader:
        written = pool.submit(write_whole, tmp_path / "pipe", ["x" * 300_000])
        select.select([handle], [], [])
        os.set_blocking(handle, True)
        assert len(reader.read()) == 300_000
        written.result()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HarnessError, match="is a pipe that nobody reads"):
        write_whole(tmp_path / "pipe", ["text"])


def test_standard_output_can_be_named(tmp_path):
    program = (
        "from pathlib import Path; from harness.files.atomic import write_whole;"
        "write_whole(Path('/dev/stdout'), ['text'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"text"


def test_a_folder_stays_where_the_new_one_cannot_take_its_place(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("")
    with pytest.raises(FileNotFoundError):
        publish_folder(tmp_path / "none", target, tmp_path / "previous")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (target / "old").is_file()


@pytest.fixture
def dead() -> int:
    """The id of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path, dead):
    (tmp_path / f".f.{dead}.tmp").write_text("half")
    (tmp_path / f".g.{dead}.tmp").write_text("of another file")
    (tmp_path / f".f.{os.getppid()}.tmp").write_text("of a process that is there")
    (tmp_path / ".f.x.tmp").write_text("of somebody else")
    write_whole(tmp_path / "f", ["whole"])
    assert {p.name for p in tmp_path.iterdir()} == {
        "f",
        ".f.x.tmp",
        f".f.{os.getppid()}.tmp",
        f".g.{dead}.tmp",
    }
    clear_unfinished(tmp_path)
    assert not (tmp_path / f".g.{dead}.tmp").exists()
