"""A file is held against what was opened: by its stamp, and by its hash where the stamp differs."""

import os
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.model_files.opened_files import OpenedFiles


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"first")
    return path


def opened(*paths: Path) -> OpenedFiles:
    files = OpenedFiles(paths)
    files.opened()
    return files


def test_files_that_stay_are_no_replacement(weights):
    assert opened(weights).replacement() is None


def test_a_file_that_is_only_touched_is_no_replacement(weights):
    files = opened(weights)
    os.utime(weights, ns=(1, 1))
    assert files.replacement() is None


def test_equal_content_in_another_file_is_no_replacement(weights):
    files = opened(weights)
    other = weights.with_name("other")
    other.write_bytes(b"first")
    other.replace(weights)
    assert files.replacement() is None


def test_a_renamed_file_of_the_same_size_and_time_is_a_replacement(weights):
    os.utime(weights, ns=(1, 1))
    files = opened(weights)
    other = weights.with_name("other")
    other.write_bytes(b"other")
    os.utime(other, ns=(1, 1))
    other.replace(weights)
    assert files.replacement() == (
        f"{weights} was replaced while the model was in use, run it again"
    )


def test_a_file_that_is_written_over_in_its_place_is_a_replacement(weights):
    files = opened(weights)
    with weights.open("r+b") as file:
        file.write(b"f")
        file.write(b"u")
    assert files.replacement() is not None


def test_a_file_that_is_gone_is_a_replacement(weights):
    files = opened(weights)
    weights.unlink()
    assert files.replacement() is not None


def test_putting_the_old_file_back_does_not_undo_it(weights):
    files = opened(weights)
    weights.write_bytes(b"second")
    assert files.replacement() is not None
    weights.write_bytes(b"first")
    assert files.replacement() is not None


@pytest.mark.parametrize("content", [b"second", None])
def test_a_file_that_changes_while_it_is_opened_is_refused(weights, content):
    """Which of the two was read is not known."""
    files = OpenedFiles([weights])
    weights.unlink() if content is None else weights.write_bytes(content)
    with pytest.raises(HarnessError, match="was replaced while the model was opened"):
        files.opened()
