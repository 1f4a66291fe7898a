"""``--per-case``: one test for each case, so that ``-k``, ``--lf`` and ``-x`` work on cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.plugin.items import PER_COMPLETION
from harness.plugin.option_names import NamedOptions, option_of

if TYPE_CHECKING:
    from harness.run.selection import Subject


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--per-case", action="store_true", help="one test for each case, for -k, --lf and -x"
    )


def with_cases(metafunc: pytest.Metafunc, subjects: Sequence[Subject]) -> Sequence[Subject]:
    """The subjects of a behavior over completions; one for each case with ``--per-case``."""
    is_over_completions = PER_COMPLETION & {*metafunc.fixturenames}
    if not option_of(metafunc.config, "--per-case") or not is_over_completions:
        return subjects
    return [replace(s, case_id=case.id) for s in subjects for case in s.task.cases if s.asks(case)]
