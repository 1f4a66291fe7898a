"""Lines on a terminal are folded at words and colored; anywhere else they stay whole."""

import io

import pytest
from rich.padding import Padding
from rich.table import Table

from harness.report.console.output import say
from harness.report.console.screen import as_text, folded, shown
from harness.report.words.escaping import safe_line

SENTENCE = "REGRESSION: format_success_rate fell from 96.3% to 93.0% (14 cases broke)."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_pipe_gets_each_line_whole(narrow: None) -> None:
    assert shown([SENTENCE, "  more"], io.StringIO()) == f"{SENTENCE}\n  more\n"


def test_a_terminal_gets_words_undivided_and_the_verdict_in_color(narrow: None) -> None:
    assert shown([SENTENCE], Terminal(), "REGRESSION").splitlines() == [
        "\x1b[1;31mREGRESSION\x1b[0m: format_success_rate fell",
        "  from 96.3% to 93.0% (14 cases broke).",
    ]


def test_without_color_the_words_stay(narrow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown([SENTENCE], Terminal(), "REGRESSION")


def test_only_the_verdict_is_in_color(narrow: None) -> None:
    """A task may be called PASS."""
    lines = ["PASS: nothing broke", "PASS: 3 cases on both sides"]
    assert shown(lines, Terminal(), "PASS") == (
        "\x1b[1;32mPASS\x1b[0m: nothing broke\nPASS: 3 cases on both sides\n"
    )
    assert "\x1b" not in shown(lines, Terminal())


def test_what_follows_stands_further_in_and_rows_that_fit_stay() -> None:
    row = "  behavior   before   after"
    assert [*folded([row, "  look at: tag a, tag b"], 27)] == [row, "  look at: tag a, tag b"]
    assert [*folded(["  look at: tag a, tag b"], 16)] == ["  look at: tag", "    a, tag b"]


def test_a_word_that_is_too_long_is_not_divided() -> None:
    assert [*folded(["broke: json_extraction-000, x"], 12)] == [
        "broke:",
        "  json_extraction-000,",
        "  x",
    ]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("::error::x", "|::error::x"),
        ("    ::error::x", "   |::error::x"),
        ("a ##[error]x", "a ## [error]x"),
        ("  tests::x a[::2]", "  tests::x a[::2]"),
    ],
)
def test_no_line_is_a_command(line: str, seen: str) -> None:
    assert safe_line(line) == seen


def test_what_is_folded_anew_is_no_command_either() -> None:
    cell = Table.grid()
    cell.add_column(width=12)
    cell.add_row("a long word ::error::x")
    assert "|::error::x" in as_text(Padding(cell, (0, 0, 0, 2))).splitlines()[-1]


def test_a_command_to_copy_stays_whole() -> None:
    line = "torch is not installed, pip install '/a folder/slm.whl[hf]', and again"
    assert "pip install '/a folder/slm.whl[hf]'," in [part.strip() for part in folded([line], 40)]


def test_what_is_said_is_folded_on_a_terminal_alone(
    narrow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream, count in ((Terminal(), 2), (io.StringIO(), 1)):
        monkeypatch.setattr("sys.stdout", stream)
        say(SENTENCE)
        assert len(stream.getvalue().splitlines()) == count
