"""The files that come along with the harness: example tasks, models, rows and their generators.

In a wheel they lie in ``harness/starter/``; in a checkout, where they are maintained.
"""

from pathlib import Path

PACKAGE = Path(__file__).parents[2]
"""The folder of ``harness/`` and ``trainers/``: a checkout, or the installed packages."""
STARTER = PACKAGE / "harness/starter"


def starter_root() -> Path:
    """The folder that the names of these files begin at."""
    return STARTER if STARTER.is_dir() else PACKAGE
