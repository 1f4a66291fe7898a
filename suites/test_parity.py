"""A model still reads and begins as the one before it: with ``--parity`` and two models or more."""

import pytest

from harness import check_run
from harness.checks.same_first_token import SameFirstToken
from harness.checks.same_tokens import SameTokens


@pytest.mark.behavior
def test_same_tokens(parity):
    check_run(SameTokens(), parity)


@pytest.mark.behavior
def test_same_first_token(first_step):
    check_run(SameFirstToken(), first_step)
