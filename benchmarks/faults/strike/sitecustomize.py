"""Strikes a process of the campaign at its k-th change to its own files.

Python imports this file as it starts. ``HARNESS_STRIKE`` is ``K:ACTION``, where the action is a
signal's name, sent to the process itself, or an error number's, raised as if the disk had refused.
``HARNESS_STRIKES`` names the file that gets the number of changes made. Children are not struck.
"""

import atexit
import errno
import os
import signal
import sys
from pathlib import Path

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree"}
_strike, _count = os.environ.pop("HARNESS_STRIKE", ""), os.environ.pop("HARNESS_STRIKES", "")
_root = os.environ.get("HARNESS_STRIKE_ROOT", "")
_place, _, _action = _strike.partition(":")
_made = 0


def _is_change(event, args):
    if event == "open":
        path, _, flags = args
        return isinstance(path, str) and bool(flags & _WRITES) and _is_ours(path)
    return event in _CHANGES and _is_ours(str(args[0]))


def _is_ours(path):
    return os.path.abspath(path).startswith(_root) and "__pycache__" not in path  # noqa: PTH100


def _hook(event, args):
    global _made
    if not _is_change(event, args):
        return
    _made += 1
    if _strike and _made == int(_place):
        if _action.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, _action))
        else:
            code = getattr(errno, _action)
            raise OSError(code, os.strerror(code), str(args[0]))


if _root and (_strike or _count):
    sys.addaudithook(_hook)
if _count:
    atexit.register(lambda: Path(_count).write_text(str(_made)))
