"""Converts a model by the user's own llama.cpp checkout, for other architectures."""

import runpy
import subprocess
import sys
from pathlib import Path

from harness.core import child_python
from harness.core.errors import HarnessError
from harness.core.printable import printable

SCRIPT = "convert_hf_to_gguf.py"
LAST_LINES = 3
"""Lines of the script's output that an error shows."""


def converter_script(path: Path) -> Path:
    """The conversion script, in a checkout or named directly.

    Raises:
        HarnessError: there is none.
    """
    script = path / SCRIPT if path.is_dir() else path
    if not script.is_file():
        raise HarnessError(f"--converter {path}: has no {SCRIPT}, name a llama.cpp checkout")
    return script


def convert(script: Path, folder: Path, target: Path, kind: str) -> None:
    """Run the script, with this Python, to write ``folder`` as an unquantised GGUF file.

    Raises:
        HarnessError: it failed, with its last lines, or wrote nothing.
    """
    options = ("--outfile", str(target.resolve()), "--outtype", kind)
    done = subprocess.run(
        child_python.command(__spec__.name, str(script), str(folder.resolve()), *options),
        env=child_python.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode == 0 and target.is_file():
        return
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    reason = " | ".join(lines[-LAST_LINES:]) or "it said nothing"
    how = f"exit code {done.returncode}" if done.returncode else "it wrote no file"
    raise HarnessError(f"{script}: could not convert {folder} ({how}): {printable(reason):.600}")


def _main(script: str, *arguments: str) -> None:
    """Run the script as ``python SCRIPT ARGUMENTS`` does: modules beside it are found first."""
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _main(*sys.argv[1:])
