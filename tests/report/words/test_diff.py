"""Differences of two texts."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.words.diff import Stretch, differences


def test_what_changed_stands_alone() -> None:
    assert differences('{"a": 1}', '{"a": 12, "b": 3}') == (
        Stretch('{"a": 1', '{"a": 1'),
        Stretch("", '2, "b": 3'),
        Stretch("}", "}"),
    )


def test_equal_texts_are_one_stretch() -> None:
    assert differences("same", "same") == (Stretch("same", "same"),)
    assert differences("", "") == ()


@given(st.text(alphabet="ab{}\n\u202e", max_size=40), st.text(alphabet="ab{}\n", max_size=40))
def test_each_side_s_stretches_join_to_its_text(before: str, after: str) -> None:
    found = differences(before, after)
    assert "".join(s.before for s in found) == before
    assert "".join(s.after for s in found) == after
    assert not any(a.is_alike and b.is_alike for a, b in pairwise(found))


def changed(before: str, after: str) -> list[tuple[str, str]]:
    return [(s.before, s.after) for s in differences(before, after) if not s.is_alike]


def test_words_come_before_letters() -> None:
    """Letters that two names share by chance are not set apart from the rest of them; those of
    one word misspelled are."""
    assert changed('{"name": "Amara Okafor"}', '{"name": "Noor Haddad"}') == [
        ("Amara Okafor", "Noor Haddad")
    ]
    assert changed("the invoice is due", "the invoyce is due") == [("i", "y")]
    assert changed('{"a": 47.2}', '{"a": "47.2"}') == [("", '"'), ("", '"')]
    assert changed('Sure!\n\n{"a": 1}\nBye', '{"a": 1}') == [("Sure!\n\n", ""), ("\nBye", "")]


@pytest.mark.parametrize("seed", range(3))
def test_texts_with_nothing_in_common_are_one_difference_soon(seed: int) -> None:
    """Two orders of the same letters share much and mean nothing: the search gives up, and with
    it what it took is bounded."""
    rng = random.Random(seed)
    before, after = ("".join(rng.choices("ab,;", k=20_000)) for _ in range(2))
    found = differences(f"same {before}", f"same {after}")
    assert len(found) <= 3
    assert found[0].before.startswith("same ")


def test_a_megabyte_is_compared_by_its_ends() -> None:
    found = differences("a" + "x" * 1_000_000 + "z", "a" + "y" * 1_000_000 + "z")
    assert [s.is_alike for s in found] == [True, False, True]


def test_letters_do_not_cost_more_than_words() -> None:
    """Fifty long words, each replaced by one of the same letters in another order: one purse pays
    for all of them, and is spent before most are looked into."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdef", k=400)) + ";" for _ in range(100)]
    found = differences("".join(words[:50]), "".join(words[50:]))
    alone = differences(words[0], words[50])
    assert 100 < len(alone) <= len(found) < 2 * len(alone)
