"""What a person reads: the words of every failure in the tables, and what they point at."""

from pathlib import Path

from tests.checks.reasons import render


def test_reasons_are_those_that_were_read_and_committed():
    committed = Path(__file__).with_name("reasons.txt").read_text("utf-8").splitlines()
    assert list(render()) == committed
