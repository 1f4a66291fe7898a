"""Differences of two texts, as the page shades them."""

import random
from itertools import pairwise

import pytest

from tests.report.odd_pairs import texts
from tests.report.page.assets.conftest import Call

pytestmark = pytest.mark.slow


def stretches(call: Call, before: str, after: str) -> list[tuple[str, str]]:
    return [(s["before"], s["after"]) for s in call("differences", before, after)]


def changed(call: Call, before: str, after: str) -> list[tuple[str, str]]:
    return [(a, b) for a, b in stretches(call, before, after) if a != b]


def test_what_changed_stands_alone(call: Call) -> None:
    assert stretches(call, '{"a": 1}', '{"a": 12, "b": 3}') == [
        ('{"a": 1', '{"a": 1'),
        ("", '2, "b": 3'),
        ("}", "}"),
    ]


def test_equal_texts_are_one_stretch(call: Call) -> None:
    assert stretches(call, "same", "same") == [("same", "same")]
    assert stretches(call, "", "") == []


@pytest.mark.parametrize("seed", range(4))
def test_each_side_s_stretches_join_to_its_text(call: Call, seed: int) -> None:
    rng = random.Random(seed)
    short = [
        ["".join(rng.choices("ab{}\n\u202e", k=rng.randint(0, 40))) for _ in "ab"]
        for _ in range(50)
    ]
    for before, after in (*short, *texts(40, seed)):
        found = call("differences", before, after)
        assert "".join(s["before"] for s in found) == before
        assert "".join(s["after"] for s in found) == after
        assert all(s["isAlike"] == (s["before"] == s["after"]) for s in found)
        assert not any(a["isAlike"] and b["isAlike"] for a, b in pairwise(found))


def test_words_come_before_letters(call: Call) -> None:
    """Letters that two names share by chance are not set apart from the rest of them; those of
    one word misspelled are."""
    assert changed(call, '{"name": "Amara Okafor"}', '{"name": "Noor Haddad"}') == [
        ("Amara Okafor", "Noor Haddad")
    ]
    assert changed(call, "the invoice is due", "the invoyce is due") == [("i", "y")]
    assert changed(call, '{"a": 47.2}', '{"a": "47.2"}') == [("", '"'), ("", '"')]
    assert changed(call, 'Sure!\n\n{"a": 1}\nBye', '{"a": 1}') == [("Sure!\n\n", ""), ("\nBye", "")]


@pytest.mark.parametrize("seed", range(3))
def test_texts_with_nothing_in_common_are_one_difference_soon(call: Call, seed: int) -> None:
    """Two orders of the same letters share much and mean nothing: the search gives up, and with
    it what it took is bounded."""
    rng = random.Random(seed)
    before, after = ("".join(rng.choices("ab,;", k=20_000)) for _ in range(2))
    found = stretches(call, f"same {before}", f"same {after}")
    assert len(found) <= 3
    assert found[0][0].startswith("same ")


def test_a_megabyte_is_compared_by_its_ends(call: Call) -> None:
    found = stretches(call, "a" + "x" * 1_000_000 + "z", "a" + "y" * 1_000_000 + "z")
    assert [a == b for a, b in found] == [True, False, True]


def test_letters_do_not_cost_more_than_words(call: Call) -> None:
    """Fifty long words, each replaced by one of the same letters in another order: one budget pays
    for all of them, and is spent before most are looked into."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdef", k=400)) + ";" for _ in range(100)]
    found = stretches(call, "".join(words[:50]), "".join(words[50:]))
    alone = stretches(call, words[0], words[50])
    assert 100 < len(alone) <= len(found) < 2 * len(alone)


def test_nothing_is_marked_where_too_little_is_alike(call: Call) -> None:
    assert call("changesOf", "one two three", "vier fünf sechs") == [[], []]
    assert call("changesOf", "one two three", "one two four") == [[[8, 13]], [[8, 12]]]
