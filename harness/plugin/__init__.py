"""The pytest plugin, one feature a file; features share ``SESSION`` and one hook."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.plugin.session import HarnessSession

SESSION: "pytest.StashKey[HarnessSession]" = pytest.StashKey()
"""Stash key of the session's values, set once a behavior is collected."""


def plugin_name(kind: type) -> str:
    """The name under which pytest knows a plugin of ours: ``harness_Gate``."""
    return f"harness_{kind.__name__}"
