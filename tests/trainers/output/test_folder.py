"""The output folder appears complete or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from tests.models import ROOT
from tests.patience import PATIENCE
from trainers.output.folder import PROCESS_FILE, mistake_in, staged


def fail_half_way(output: Path, error: type[BaseException]) -> None:
    with staged(output) as partial:
        (partial / "weights").write_text("half")
        raise error


def adapter_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("old")
    return folder


def test_a_finished_folder_is_put_in_place(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "out"
    with staged(output) as partial:
        (partial / "weights").write_text("x")
        assert not output.exists()
    assert [p.name for p in output.iterdir()] == ["weights"]
    assert [p.name for p in output.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_leaves_what_stood_there(tmp_path: Path, error: type[BaseException]) -> None:
    output = adapter_in(tmp_path / "out")
    with pytest.raises(error):
        fail_half_way(output, error)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (output / "adapter_config.json").read_text() == "old"


def test_a_new_adapter_replaces_the_whole_folder(tmp_path: Path) -> None:
    output = adapter_in(tmp_path / "out")
    with staged(output) as partial:
        (partial / "weights").write_text("x")
    assert [p.name for p in output.iterdir()] == ["weights"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_rest_of_a_killed_training_is_cleared(tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / "half").write_text("")
    (partial / PROCESS_FILE).write_text("999999999")
    with staged(tmp_path / "out") as again:
        assert [p.name for p in again.iterdir()] == [PROCESS_FILE]


def test_a_training_that_runs_keeps_its_folder(tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / PROCESS_FILE).write_text(str(os.getppid()))
    with (
        pytest.raises(HarnessError, match="is training into this folder"),
        staged(tmp_path / "out"),
    ):
        pass
    assert partial.exists()


CLAIMS = """\
import sys
from pathlib import Path
from harness.core.errors import HarnessError
from tests.models import ROOT
from trainers.output.folder import staged
sys.stdin.readline()
try:
    with staged(Path(sys.argv[1])):
        print("claimed", flush=True)
        sys.stdin.readline()
except HarnessError as error:
    print(error, flush=True)
"""


@pytest.mark.parametrize("is_left", [False, True], ids=["fresh", "left by a killed one"])
def test_of_processes_that_come_at_once_one_trains(tmp_path: Path, is_left: bool) -> None:
    """A launcher may start several that do not know of each other."""
    if is_left:
        (tmp_path / "out.partial").mkdir()
    command = [sys.executable, "-c", CLAIMS, str(tmp_path / "out")]
    started = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.stdout.readline() if process.stdout else "" for process in started]
    for process in started:
        process.communicate("\n", timeout=PATIENCE)
    assert said.count("claimed\n") == 1
    assert sum("is training into this folder" in line for line in said) == 2
    assert (tmp_path / "out").is_dir()


def test_a_file_system_without_hard_links_is_claimed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "link", lambda *_: Path("/no such").stat())
    with staged(tmp_path / "out") as partial:
        assert (partial / PROCESS_FILE).read_text() == str(os.getpid())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="cannot be written"), staged(tmp_path / "file" / "out"):
        pass


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="No space left on device"), staged(tmp_path / "out"):
        raise OSError(28, os.strerror(28))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, os.strerror(28)),
        Exception("No space left on device (os error 28)"),  # as tokenizers has it
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
        HarnessError("the loss is nan"),
    ],
)
def test_a_checkpoint_stays_and_is_named(tmp_path: Path, error: Exception) -> None:
    def write(partial: Path) -> None:
        (partial / "checkpoint-3").mkdir()
        (partial / ".writing").mkdir()
        raise error

    with pytest.raises(HarnessError) as failed, staged(tmp_path / "out") as partial:
        write(partial)
    what, how = failed.value.mistakes
    assert "nothing was kept" not in what
    assert "checkpoint-3 is whole: run the command again with --resume" in how
    assert [p.name for p in (tmp_path / "out.partial").iterdir()] == ["checkpoint-3"]


def test_another_fault_is_not_the_disks(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="other"), staged(tmp_path / "out"):
        raise RuntimeError("other")


def test_only_an_adapter_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, adapter, other = tmp_path / "empty", adapter_in(tmp_path / "adapter"), tmp_path / "other"
    empty.mkdir()
    other.mkdir()
    (other / "thesis.txt").write_text("")
    assert mistake_in(tmp_path / "absent", (), overwrite=False, resume=False) is None
    assert mistake_in(empty, (), overwrite=False, resume=False) is None
    assert "add --overwrite" in str(mistake_in(adapter, (), overwrite=False, resume=False))
    assert mistake_in(adapter, (), overwrite=True, resume=False) is None
    assert "not an adapter's" in str(mistake_in(other, (), overwrite=True, resume=False))
    assert "is a file" in str(mistake_in(other / "thesis.txt", (), overwrite=True, resume=False))
    inside = (adapter / "base",)
    assert "holds" in str(mistake_in(adapter, inside, overwrite=True, resume=False))
    monkeypatch.chdir(adapter)
    assert "name a folder of its own" in str(mistake_in(Path(), (), overwrite=True, resume=False))
