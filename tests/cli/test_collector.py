"""The cyclic collector is off in a block alone, whatever ends it."""

import gc

import pytest

from harness.cli._collector import collector_off


def test_collections_stop_in_the_block_alone() -> None:
    assert gc.isenabled()
    with collector_off():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_ends_the_block_too() -> None:
    with pytest.raises(ValueError, match="damaged"), collector_off():
        raise ValueError("damaged")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_off():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
