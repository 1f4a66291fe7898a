"""The nearest known name, or what else to say."""

from harness.core.suggestion import did_you_mean, nearest


def test_a_slip_is_named():
    assert nearest("trian", ["val", "train"]) == "train"
    assert did_you_mean("trian", {"val": 1, "train": 2}, "known: none") == "did you mean 'train'?"


def test_another_word_is_not():
    assert nearest("x", ["train"]) is None
    assert did_you_mean("x", ["train"], "there are: train") == "there are: train"
