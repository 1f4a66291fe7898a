"""The leaves of a value: whatever is no object and no array, with path and rules."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from harness.checks.equality.rule_tree import Place
from harness.checks.equality.values import PatternTime, accepts
from harness.checks.text.document import MISSING, Path


def leaves_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of everything that is no object and no array, in the value's order."""
    stack: list[tuple[Path, Any]] = [(path, value)]
    while stack:
        place, found = stack.pop()
        if isinstance(found, dict):
            stack += [((*place, name), member) for name, member in reversed(found.items())]
        elif isinstance(found, list):
            numbered = [((*place, index), item) for index, item in enumerate(found)]
            stack += reversed(numbered)
        elif found is not MISSING:
            yield place, found


def differences(
    place: Place, wanted: Any, found: Any, time: PatternTime, path: Path = ()
) -> Iterator[tuple[Path, Any, Any]]:
    """Path and both values of each place where two values differ, in the order of ``wanted``.

    What only one of them has is ``MISSING`` in the other.

    Raises:
        PatternTimeout: patterns take too long.
    """
    stack = [(place, path, wanted, found)]
    while stack:
        place, path, wanted, found = stack.pop()
        if isinstance(wanted, dict) and isinstance(found, dict):
            names = [*wanted, *(name for name in found if name not in wanted)]
            inner = [(n, wanted.get(n, MISSING), found.get(n, MISSING)) for n in names]
        elif isinstance(wanted, list) and isinstance(found, list):
            pairs = zip_longest(wanted, found, fillvalue=MISSING)
            inner = [(index, *pair) for index, pair in enumerate(pairs)]
        else:
            has_both = wanted is not MISSING and found is not MISSING
            is_equal = accepts(place.values, wanted, found, time) if has_both else wanted is found
            if not is_equal:
                yield path, wanted, found
            continue
        stack += [(place.into(step), (*path, step), *pair) for step, *pair in reversed(inner)]
