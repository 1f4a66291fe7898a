"""Tests that lack what they need: a browser, an accessibility checker, a real model.

They fail where the environment promises it, as CI and ``make test-slow`` do; elsewhere they are
skipped.
"""

import os
from typing import NoReturn

import pytest

BROWSER = "HARNESS_REQUIRE_BROWSER"
REAL_MODEL = "HARNESS_REQUIRE_REAL_MODEL"


def missing(what: str, promise: str) -> NoReturn:
    """Skip the test that asks, or fail it where the variable ``promise`` is set."""
    if os.environ.get(promise, "") not in ("", "0"):
        pytest.fail(f"{what}, and {promise} is set", pytrace=False)
    pytest.skip(what)
