"""Rebuilds dataclasses from the plain values that ``dataclasses.asdict`` makes of them."""

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
_ADAPTERS: "dict[type, TypeAdapter[Any]]" = {}


def value_of(kind: type[T], raw: object) -> T:
    """Rebuild the value of type ``kind`` from the result of ``asdict``.

    Read JSON with ``json.loads`` first: pydantic's own reader refuses the lone surrogates of an
    answer that was cut in a character.
    """
    # Imported here, since a process that only starts another needs no pydantic yet.
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    value: T = _ADAPTERS[kind].validate_python(raw)
    return value
