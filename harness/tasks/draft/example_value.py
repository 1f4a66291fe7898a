"""Makes up a value that a schema accepts, for cases that show what one looks like."""

from typing import Any

from harness.tasks.draft.schemas import Parts, resolved, without_null

_WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")
_TEXTS = {
    "date": "2025-03-{:02}",
    "date-time": "2025-03-{:02}T09:30:00Z",
    "time": "09:{:02}:00Z",
    "email": "person{}@example.org",
    "uri": "https://example.org/{}",
    "uuid": "00000000-0000-4000-8000-0000000000{:02}",
}


def example_value(schema: Any, number: int, name: str = "value") -> Any:
    """The value of that number, from 1; two numbers have other values where the schema lets them.

    It is a guess: keywords such as ``pattern`` are not obeyed, so hold it against the schema.

    Raises:
        HarnessError: the schema asks for too many values.
    """
    return _made(schema, Parts(schema), number, name)


def _made(schema: Any, parts: Parts, number: int, name: str) -> Any:
    inner = without_null(schema, parts.root)
    if not isinstance(inner, dict):
        return None
    with parts.inside(inner) as is_new:
        return _value(_whole(inner, parts.root), parts, number, name) if is_new else None


def _whole(schema: dict[str, Any], root: Any) -> dict[str, Any]:
    """The schema with the parts that it is made of."""
    for part in schema.get("allOf", ()):
        schema = {**resolved(part, root), **schema}
    return schema


def _value(schema: dict[str, Any], parts: Parts, number: int, name: str) -> Any:
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][number % len(schema["enum"])]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if kind == "object" or "properties" in schema:
        return _object(schema, parts, number)
    if kind == "array":
        count = max(1, schema.get("minItems", 1))
        items = schema.get("items", {})
        return [_made(items, parts, number + i, name) for i in range(count)]
    if kind in ("integer", "number"):
        return _number(schema, number, is_whole=kind == "integer")
    if kind == "boolean":
        return number % 2 == 1
    return None if kind == "null" else _text(schema, number, name)


def _object(schema: dict[str, Any], parts: Parts, number: int) -> dict[str, Any]:
    """Its properties, without those that are within themselves and may be missing."""
    needed = schema.get("required", ())
    made = {
        key: _made(below, parts, number, key) for key, below in schema.get("properties", {}).items()
    }
    return {key: value for key, value in made.items() if value is not None or key in needed}


def _number(schema: dict[str, Any], number: int, *, is_whole: bool) -> int | float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    value: int | float = least + number if is_whole else least + number + 0.25
    if most is not None and value >= most:
        value = schema.get("maximum", least)
    return value


def _text(schema: dict[str, Any], number: int, name: str) -> str:
    if (form := schema.get("format")) in _TEXTS:
        return _TEXTS[form].format(number)
    word = _WORDS[(number - 1) % len(_WORDS)]
    text = f"{name.replace('_', ' ')} {word}"
    return text[: schema["maxLength"]] if "maxLength" in schema else text
