"""Messages between pytest's process and a backend's: JSON objects, one a line, over pipes.

A message is ``{"kind": ..., ...}``. Dataclasses are sent as the result of ``dataclasses.asdict``.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import IO, Any


def send(stream: IO[bytes], kind: str, **values: object) -> None:
    """Write one message. ASCII JSON, so that a lone surrogate in a text survives."""
    line = json.dumps({"kind": kind, **values}, default=asdict, separators=(",", ":"))
    stream.write(line.encode("ascii") + b"\n")
    stream.flush()


def receive(line: bytes) -> dict[str, Any]:
    message = json.loads(line)
    assert isinstance(message, dict)
    return message


def keep_stdin_for_messages() -> IO[bytes]:
    """Reserve the real standard input for messages; whoever else reads it finds its end.

    A library that asks a question there would take a message for the answer, or wait for one.
    """
    messages = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as long as the process
    return messages


def keep_stdout_for_messages() -> IO[bytes]:
    """Reserve the real standard output for messages; other output is redirected to stderr."""
    messages = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return messages
