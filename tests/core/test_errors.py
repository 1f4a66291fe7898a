"""A HarnessError holds its mistakes apart."""

import pickle

from harness.core.errors import HarnessError, one_line


def test_mistakes_are_a_tuple_and_a_line_each():
    error = HarnessError("a: one", "b: two")
    assert error.mistakes == ("a: one", "b: two")
    assert str(error) == "a: one\nb: two"


def test_it_survives_a_process_boundary():
    assert pickle.loads(pickle.dumps(HarnessError("a", "b"))).mistakes == ("a", "b")


def test_a_refused_pickle_is_told_without_advice_to_open_it_all_the_same():
    advice = "Weights only load failed. Re-running with `weights_only` set to `False` will succeed"
    line = one_line(pickle.UnpicklingError(advice))
    assert "weights_only" not in line
    assert "saved as safetensors" in line
