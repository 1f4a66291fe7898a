"""A model still reads and begins as the one before it: with ``--parity`` and two models or more."""

import pytest

from harness import check_run
from harness.checks import same_first_token, same_tokens


@pytest.mark.behavior
def test_same_tokens(parity, task):
    check_run(same_tokens.run_check_for(task), parity)


@pytest.mark.behavior
def test_same_first_token(first_step, task):
    check_run(same_first_token.run_check_for(task), first_step)
