"""A command of a page, run by a shell as its reader would."""

import os
import subprocess
import sys
from pathlib import Path

from tests.models import ROOT
from tests.project import clean_environment


def run(folder: Path, command: str, **more: str) -> tuple[int, str]:
    """Exit code and output in ``folder``, with this interpreter's programs first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    store = str(folder / ".store")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=clean_environment(
            PYTHONPATH=str(ROOT), COLUMNS="80", PATH=path, HARNESS_STORE=store, **more
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return done.returncode, done.stdout
