"""Differences of two texts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.report.differences import MOST_COMPARED, Stretch, differences


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


def test_long_texts_are_one_difference_between_what_they_share() -> None:
    long = "x" * (MOST_COMPARED + 1)
    found = differences(f"a{long}z", "a" + "y" * 10_000_000 + "z")
    assert [s.is_alike for s in found] == [True, False, True]
