"""An output that is full or no longer read ends no work, and is not passed over."""

import os

import pytest
from rich.console import Console

from harness.report.console.output import LastingOutput, OutputLost, say_text


@pytest.fixture
def unread():
    """A pipe without a reader."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        yield LastingOutput(stream)


def test_what_cannot_be_written_is_dropped_and_told_at_the_end(unread):
    for line in range(3):
        print(line, file=unread, flush=True)
    with pytest.raises(OutputLost, match="Broken pipe"):
        unread.require_arrived()


def test_what_nobody_flushed_is_told_too(unread):
    unread.write("a")
    with pytest.raises(OutputLost, match="Broken pipe"):
        unread.require_arrived()


def test_rich_does_not_exit_where_nobody_reads(unread):
    console = Console(file=unread)
    console.print("a")
    console.print("b")
    assert isinstance(unread.error, BrokenPipeError)


def test_what_arrives_is_the_streams_own(tmp_path):
    with (tmp_path / "out").open("w") as stream:
        output = LastingOutput(stream)
        assert print("a", file=output) is None
        output.require_arrived()
        assert output.fileno() == stream.fileno()
    assert (tmp_path / "out").read_text() == "a\n"


def test_text_from_outside_is_printed_in_pieces_that_command_nothing(capsys):
    say_text("a\x1b[2Jb\n::error::")
    say_text("::c", is_begun=True)
    assert capsys.readouterr().out == "a␛[2Jb\n|::error::::c"
