"""Invisible characters: none is left out, none is left in."""

import re

from hypothesis import given
from hypothesis import strategies as st

from harness.core.printable import printable
from harness.report.page.visible import INVISIBLE, JAVASCRIPT_CLASS, marked, readable, visible
from harness.report.words.marks import Mark
from tests.cpu import MAX_SECONDS, cpu_seconds

BLANKS = (
    "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)


def test_the_table_is_what_printable_replaces_and_the_blanks_that_are_not_plain() -> None:
    hidden = {chr(c) for low, high in INVISIBLE for c in range(low, high + 1)}
    replaced = {chr(c) for c in range(0x110000) if printable(chr(c)) != chr(c)}
    assert hidden == (replaced - {"\n"}) | set(BLANKS)


def test_the_script_s_class_has_the_same_ranges() -> None:
    pairs = re.findall(r"\\u\{([0-9a-f]+)\}-\\u\{([0-9a-f]+)\}", JAVASCRIPT_CLASS)
    assert tuple((int(a, 16), int(b, 16)) for a, b in pairs) == INVISIBLE


def test_what_has_no_ink_is_shown() -> None:
    assert visible("a\t\n\x00 b \n") == (
        'a<i class="ch">⟨TAB⟩</i><i class="ch">↵</i>\n<i class="ch">⟨NUL⟩</i> b'
        '<i class="ch">·</i><i class="ch">↵</i>\n'
    )
    assert visible("\u202e\xa0\ud800") == '<i class="ch">⟨U+202E⟩⟨U+00A0⟩⟨U+D800⟩</i>'
    assert visible("\n\n\n") == '<i class="ch">↵\n↵\n↵</i>\n'


def test_a_reason_keeps_its_words_and_loses_its_pictures() -> None:
    assert readable("found: ␊```␀ and a") == "found: ↵```⟨NUL⟩ and a"


def test_blanks_are_marked_at_the_end_of_a_line_and_not_of_a_segment() -> None:
    assert visible("a  ") == 'a<i class="ch">··</i>'
    assert visible("a  ", "b") == "a  "
    assert visible("a  ", "\n") == 'a<i class="ch">··</i>'
    assert visible("  a") == "  a"


def test_a_long_run_of_blanks_is_read_once() -> None:
    text = " " * 200_000 + "x"
    assert cpu_seconds(lambda: visible(text)) < MAX_SECONDS


def test_marks_name_who_failed() -> None:
    marks = [Mark(1, 3, "x", "syntax"), Mark(2, 4, "y<", "nan"), Mark(0, 0, "z", "empty")]
    assert marked("a<bcd", marks) == (
        '<mark class="m point" title="z: empty"></mark>'
        'a<mark class="m" title="x: syntax">&lt;</mark>'
        '<mark class="m" title="x: syntax; y&lt;: nan">b</mark>'
        '<mark class="m" title="y&lt;: nan">c</mark>d'
    )


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_nothing_hidden_is_left(text: str) -> None:
    shown = visible(text)
    assert printable(shown, one_line=False) == shown
    assert not set(BLANKS) & set(shown)
    shown.encode()
