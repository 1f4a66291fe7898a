"""The shapes of training rows, one a file, named as ``--format`` names it.

A row belongs to the shape whose keys it has. Where it has the keys of two, a shape that asks for
more of them is meant.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache

from trainers.data.shape import Shape


@cache
def listing() -> Mapping[str, Shape]:
    """All shapes by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").SHAPE for name in names}


def fitting(keys: Iterable[str]) -> list[str]:
    """Names of the shapes that a row with these keys can be; several where it has the keys of
    several, of which none includes another's."""
    there = frozenset(keys)
    found = {name: shape.keys for name, shape in listing().items() if shape.keys <= there}
    return [n for n, own in found.items() if not any(own < other for other in found.values())]
