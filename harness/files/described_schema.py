"""JSON Schemas of pydantic models and dataclasses, in which the docstrings of fields are
descriptions, so that an editor shows them."""

import ast
import inspect
import textwrap
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DataclassSchema, ModelSchema


def schema_of(model: Any, title: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of what ``model`` reads."""
    schema = TypeAdapter(model).json_schema(schema_generator=_Described)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": title}


class _Described(GenerateJsonSchema):
    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        return _described(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        return _described(super().dataclass_schema(schema), schema["cls"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A title would repeat the key."""
        return False


def _described(found: JsonSchemaValue, model: type[Any]) -> JsonSchemaValue:
    """The schema of a class with the first paragraphs of its docstrings."""
    if "description" in found:
        found["description"] = _paragraph(found["description"])
    fields = getattr(model, "model_fields", {})
    texts = {name: text for base in reversed(model.__mro__) for name, text in _texts(base).items()}
    for name, text in texts.items():
        alias = getattr(fields.get(name), "alias", None) or name
        if alias in found.get("properties", {}):
            found["properties"][alias]["description"] = _paragraph(text)
    return found


def _texts(model: type[Any]) -> dict[str, str]:
    """The text under each field of a class of ours."""
    if not model.__module__.startswith(("harness.", "trainers.")):
        return {}
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: text.value.value
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
