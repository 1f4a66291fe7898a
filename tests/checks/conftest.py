"""Every test begins with empty caches: what a test before it read must not answer for it."""

import sys

import pytest

KEPT = "harness.checks.schema.schema"
"""Holds the compiled metaschemas, which no test changes and which take long to compile."""


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("harness.checks.") and name != KEPT:
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
