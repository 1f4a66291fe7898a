"""Text of a model, safe to print."""

import unicodedata

import pytest

from harness.core.printable import excerpt, printable, symbols

SIGNS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Characters that Unicode calls formats and that have ink: signs before Arabic numbers."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u00e9 \u65e5 \U0001f600", "plain \u00e9 \u65e5 \U0001f600"),
        ("\x00\t\n\r\x1b\x1f", "\u2400\u2409\u240a\u240d\u241b\u241f"),
        ("\x7f", "\u2421"),
        ("\x80\x9f", "⟨U+0080⟩⟨U+009F⟩"),
        ("\u202a\u202e\u2066\u2069\u061c", "⟨U+202A⟩⟨U+202E⟩⟨U+2066⟩⟨U+2069⟩⟨U+061C⟩"),
        ("\u200b\ufeff\u2028\u00ad\u3000", "⟨U+200B⟩⟨U+FEFF⟩⟨U+2028⟩⟨U+00AD⟩⟨U+3000⟩"),
        ("\ud800\udfff", "⟨U+D800⟩⟨U+DFFF⟩"),
        ("\U000e0041\ufe0f", "⟨U+E0041⟩⟨U+FE0F⟩"),
        ("\x1b[31mred", "\u241b[31mred"),
    ],
)  # fmt: skip
def test_printable(text, shown):
    assert printable(text) == shown
    assert "".join(symbols(text)) == shown
    assert len(symbols(text)) == len(text)
    shown.encode("utf-8")


def test_lines_stay_when_asked():
    assert printable("a\nb\x00", one_line=False) == "a\nb\u2400"


def test_excerpt():
    assert excerpt("abc", 3) == "abc"
    assert excerpt("abcd", 3) == "ab…"
    assert excerpt("a\nb") == "a\u240ab"
    assert excerpt("\u202e" * 9, 10) == "⟨U+202E⟩…"
    assert excerpt("a" * 60) == "a" * 60
    assert excerpt("a" * 61) == "a" * 59 + "…"
    assert len(excerpt("\ud800" * 10**6)) <= 60
    assert excerpt("") == ""


def test_what_comes_out_has_ink_or_is_a_plain_blank():
    shown = printable("".join(map(chr, range(0x110000))))
    inkless = ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")
    left = {c for c in shown if unicodedata.category(c) in inkless} - {" "}
    assert left == set(SIGNS)
