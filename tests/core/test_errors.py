"""A HarnessError holds its mistakes apart."""

import pickle

from harness.core.errors import HarnessError


def test_mistakes_are_a_tuple_and_a_line_each():
    error = HarnessError("a: one", "b: two")
    assert error.mistakes == ("a: one", "b: two")
    assert str(error) == "a: one\nb: two"


def test_it_survives_a_process_boundary():
    assert pickle.loads(pickle.dumps(HarnessError("a", "b"))).mistakes == ("a", "b")
