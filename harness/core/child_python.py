"""Starts Python for a module of ours, and runs there before that module.

A child finds this very package and the installed ones, whatever lies in its working directory: a
user's ``types.py``, ``copy.py`` or ``harness/`` shadow nothing. It ends when its parent is gone,
also when that was killed.
"""

import os
import runpy
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping
from pathlib import Path

WATCH_SECONDS = 0.5
"""Between two looks whether the parent is still there."""
_PACKAGES = Path(__file__).resolve().parents[2]
"""The folder that holds the package: a checkout, or ``site-packages``."""


def command(module: str, *arguments: str) -> list[str]:
    """The command line of ``python -m MODULE ARGUMENTS`` as a child of this process."""
    return [sys.executable, "-P", "-m", __spec__.name, str(os.getpid()), module, *arguments]


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a child: the given ones, or this process' own, and those that say where its
    modules are."""
    found = dict(os.environ if variables is None else variables)
    found["PYTHONSAFEPATH"] = "1"
    # Before the standard library there must be nothing else: site-packages are found without.
    if _PACKAGES not in {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}:
        others = found.get("PYTHONPATH")
        found["PYTHONPATH"] = f"{_PACKAGES}{os.pathsep}{others}" if others else str(_PACKAGES)
    return found


def main(parent: str, module: str, *arguments: str) -> None:
    """Run a module as ``python -m`` does, until its end or the parent's."""
    end_with(int(parent))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def end_with(parent: int) -> None:
    """End this process as soon as the process ``parent`` is no longer its parent: it is gone."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
