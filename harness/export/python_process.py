"""Runs a module of this package in a Python process of its own, whose memory is freed at its end.

The process prints its result as one line of JSON among whatever its libraries print.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any

from harness.core import child_python
from harness.core.errors import HarnessError, one_line
from harness.core.printable import printable

QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
"""Defaults of the process' environment."""
MARK = "harness result: "
"""Prefix of the line that holds the result."""


def run_module(module: str, *arguments: str) -> dict[str, Any]:
    """The result of ``python -m MODULE ARGUMENTS``.

    Raises:
        HarnessError: the error that the module raised, in one line.
        ChildProcessError: the process ended without a result; the last line of its errors.
    """
    done = subprocess.run(
        child_python.command(module, *arguments),
        env=child_python.environment({**QUIET, **os.environ}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    found: dict[str, Any] = json.loads(lines[-1].removeprefix(MARK)) if lines else {}
    if "mistake" in found:
        raise HarnessError(found["mistake"])
    if not found or done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ChildProcessError(printable(last))
    return found


def print_result(compute: Callable[[], Mapping[str, Any]]) -> None:
    """Print the result of ``compute``, or the error that it raises."""
    try:
        found = compute()
    except Exception as error:  # of any type: whoever started the process says what it was for
        # torch lists the mismatches below an uninformative first line.
        told = one_line(error) if isinstance(error, UnpicklingError) else str(error)
        lines = told.splitlines()[:2] or [type(error).__name__]
        found = {"mistake": printable(" ".join(line.strip() for line in lines))}
    print(MARK + json.dumps(found))
