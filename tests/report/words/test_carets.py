"""Carets below the place of a failure, whatever characters stand before it."""

import pytest

from harness.report.words.carets import underline


@pytest.mark.parametrize(
    ("text", "span", "line", "carets"),
    [
        ('{"a": 1}', (6, 7), '{"a": 1}', "      ^"),
        ("a\nb", (2, 3), "a␊b", "  ^"),
        ("東京 x", (3, 4), "東京 x", "     ^"),
        ("\x1b[2Jx", (4, 5), "␛[2Jx", "    ^"),
        ("abc", (3, 3), "abc", "   ^"),
    ],
)
def test_carets_stand_under_the_span(text, span, line, carets):
    assert underline(text, span) == (line, carets)


def test_a_long_text_is_cut_around_the_span():
    line, carets = underline("x" * 50 + "y" + "z" * 50, (50, 51), 20)
    assert line == "…" + "x" * 10 + "y" + "z" * 9 + "…"
    assert line[carets.index("^")] == "y"
