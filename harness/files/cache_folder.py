"""Names the folder of what is kept between runs: answers, and hashes of large files."""

import os
from pathlib import Path
from typing import Literal

STORE_VARIABLE = "HARNESS_STORE"
"""A folder; ``false`` for none."""
OFF = ("false", "off", "0")


def cache_folder(setting: Literal[False] | str | None = None) -> Path | None:
    """The folder that ``HARNESS_STORE`` names, else ``setting``, else one in the user's cache
    directory; ``None`` where the first of these that is given turns it off."""
    named = os.environ.get(STORE_VARIABLE) or setting
    if named is False or (named and named.lower() in OFF):
        return None
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("slm-harness", appauthor=False)
