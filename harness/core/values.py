"""Rebuilds dataclasses from the plain values that ``dataclasses.asdict`` makes of them."""

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
_ADAPTERS: "dict[type, TypeAdapter[Any]]" = {}


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots: ``json.dumps(value, default=fields_of)`` writes what it
    would of ``asdict``, which copies every token id."""
    return {name: getattr(value, name) for name in value.__slots__}


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
