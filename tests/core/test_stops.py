"""Stop sequences: where an answer ends, and what of a growing one may be shown."""

import pytest

from harness.core.completion import Completion, FinishReason
from harness.core.stops import before_stop, settled, stopped


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("a\nb", ["\n"], "a"),
        ("a END b STOP", ["STOP", "END"], "a "),
        ("a", ["b"], None),
        ("END", ["END"], ""),
        ("a", [], None),
    ],
)
def test_an_answer_ends_before_the_stop_that_begins_first(text, stops, expected):
    assert before_stop(text, stops) == expected


@pytest.mark.parametrize("stops", [["END"], ["ENDE", "ND"], ["aab", "ab"], ["\n\n", "é!"], ["xx"]])
@pytest.mark.parametrize("text", ["aaab ENDE x", "aEN\n\nEND", "Eé!N", "axEENDxx", "xaxaxx"])
def test_what_is_shown_is_never_taken_back(text, stops):
    """Of a text that ends as soon as a stop is in it."""
    shown = ""
    for end in range(len(text) + 1):
        piece = settled(text[:end], stops)
        assert piece.startswith(shown)
        shown = piece
        if (whole := before_stop(text[:end], stops)) is not None:
            assert whole.startswith(shown)
            break


def test_an_answer_without_a_stop_is_the_same():
    cut = Completion("a b", FinishReason.LENGTH)
    assert stopped(cut, ["c"]) is cut
    assert stopped(cut, [" "]) == Completion("a", FinishReason.STOP)
