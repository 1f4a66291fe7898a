"""The pytest plugin, one feature a file; they meet under ``SESSION`` and in one hook of ours."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.plugin.session import HarnessSession

SESSION: "pytest.StashKey[HarnessSession]" = pytest.StashKey()
"""In the stash of pytest's config once a behavior was collected."""
