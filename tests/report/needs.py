"""Tests that lack the browser or the accessibility checker that they need.

They fail where ``HARNESS_REQUIRE_BROWSER`` is set, as in CI; elsewhere they are skipped.
"""

import os
from typing import NoReturn

import pytest

REQUIRED = "HARNESS_REQUIRE_BROWSER"


def missing(what: str) -> NoReturn:
    """Skip the test that asks, or fail it where the environment says that nothing is missing."""
    if os.environ.get(REQUIRED, "") not in ("", "0"):
        pytest.fail(f"{what}, and {REQUIRED} is set", pytrace=False)
    pytest.skip(what)
