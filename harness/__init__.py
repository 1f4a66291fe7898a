"""A pytest-style evaluation and regression harness for small fine-tuned language models.

Suites use ``from harness import check, check_run``.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["check", "check_run"]

if TYPE_CHECKING:
    from harness.core.judged import check, check_run


def __getattr__(name: str) -> object:
    """Import ``check`` and ``check_run`` on first use, since ``harness --help`` needs neither."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.core import judged

    return getattr(judged, name)
