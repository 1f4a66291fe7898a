"""Runs a property on drawn inputs: some hundred seeded ones, or for minutes on ones that differ.

``HARNESS_FUZZ_MINUTES=5 pytest -m slow tests/fuzz -k records`` hunts for five minutes in each
fuzzer that it selects.
"""

# ruff: noqa: E501

import copy
import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

MINUTES = float(os.environ.get("HARNESS_FUZZ_MINUTES", "0"))
ROUND = 200
"""Inputs between two looks at the clock."""
HOSTILE_TEXTS = (
    "", "\ud800", "a\x1b[2J", "::error::x", "##[error]x", "\u202e", "\x00", "../../etc/passwd", "nan",
    "Infinity", "1e999", "~", "/a~2", "a\nb", "#/$defs/x", "#", "x" * 10_000, "\ufeff", "-0", "{a}", "{",
    "%s", "(a+)+$", "[", "\\", "\u00e9", "\U0001f600", "2025-02-30", "null", "None",
)  # fmt: skip
HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**63, 2**70, -(2**70), 10**400, float("nan"), float("inf"),
    [], {}, [[]], [None], {"": None}, {"a": 1}, [1, "a"], *HOSTILE_TEXTS,
)  # fmt: skip
DEEP = 3_000
"""Levels of the deepest value, more than the interpreter's stack holds."""
SYNTAX = "{}[]\"\\:,019.eE-+tfnu \n\r\t`<>/|ab'#()_\x00\x1b\ud800\u202e\ufeffNI"


def fuzz(body: Callable[..., None], *drawn: st.SearchStrategy[Any], examples: int = 300) -> None:
    """Call ``body`` with values of the strategies."""
    common: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "suppress_health_check": list(HealthCheck),
    }
    if not MINUTES:
        settings(derandomize=True, max_examples=examples, **common)(given(*drawn)(body))()
        return
    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        chosen = random.SystemRandom().getrandbits(32)
        seed(chosen)(settings(max_examples=ROUND, **common)(given(*drawn)(body)))()


def deep(opening: str, closing: str, depth: int = DEEP) -> str:
    return opening * depth + closing * depth


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value with one to three parts replaced, removed, added or doubled."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return draw(st.sampled_from(HOSTILE))
        holder, key = draw(st.sampled_from(places))
        _change(holder, key, draw(st.sampled_from(range(5))), draw(st.sampled_from(HOSTILE)))
    return value


def _places(value: Any) -> Any:
    """Every container and key of a value, itself left out."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _change(holder: Any, key: Any, action: int, hostile: Any) -> None:
    hostile = copy.deepcopy(hostile)
    if action == 0:
        del holder[key]
    elif action == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif action == 1 and isinstance(hostile, str):
        holder[hostile] = holder[key]
    elif action == 2:
        holder[key] = [holder[key]]
    else:
        holder[key] = hostile


@st.composite
def mutated_bytes(draw: st.DrawFn, data: bytes, first: int | None = None) -> bytes:
    """Bytes with up to five changes; within the first ones where so many are named."""
    found = bytearray(data)
    pieces = (b"\x00", b"\xff" * 8, b"\x00" * 8, b'"', b"{", b"}", b"[", b"\n", b"\\", b"\xed\xa0\x80",
              b"NaN", b"1e999", b"9" * 5000, b"- ", b": ", b"&a ", b"*a", b"!!", b"\xef\xbb\xbf", b"\x1b[2J")  # fmt: skip
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, min(len(found), first or len(found))))
        length = draw(st.sampled_from((0, 1, 1, 4, 8, 40)))
        piece = draw(st.sampled_from(pieces) | st.binary(max_size=8))
        found[place : place + length] = piece
    if draw(st.sampled_from(range(10))) == 0:
        del found[draw(st.integers(0, len(found))) :]
    return bytes(found)


def json_bytes(value: Any) -> bytes:
    """A JSON text of the value, with what JSON lacks written as others write it."""
    return json.dumps(value).encode()


texts = st.text(st.sampled_from(SYNTAX), max_size=80)
