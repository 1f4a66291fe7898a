"""The libraries' output is kept off the terminal; their warnings are collected."""

import logging
import os
import warnings

import pytest

from trainers.run.quiet import quiet


def test_warnings_are_collected_once_and_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with quiet() as caught:
        for _ in range(2):
            warnings.warn("a\n  real one", UserWarning, stacklevel=1)
            logging.getLogger("transformers.x").warning("another")
        warnings.warn("old name", FutureWarning, stacklevel=1)
        logging.getLogger("trl").warning("`x` is deprecated and will go")
        logging.getLogger("trl").info("chatter")
    assert caught == ["a real one", "another"]
    assert capsys.readouterr() == ("", "")


def test_loggers_are_put_back() -> None:
    logger = logging.getLogger("peft")
    before = (logger.handlers, logger.propagate)
    with quiet():
        assert not logger.propagate
    assert (logger.handlers, logger.propagate) == before


def test_nothing_is_reported_to_anyone() -> None:
    with quiet():
        assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
