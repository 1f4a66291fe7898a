"""The keys of a recipe, for each method."""

from pydantic import BaseModel

from scripts.reference.markdown import key_table
from trainers.recipes.schema import Data, Lora, methods, options_of

INTRODUCTION = """\
# Keys of a recipe

A recipe is the YAML file after `harness train`. [Training](../training.md) shows how one is used,
and which other spellings are read.
"""


def page() -> str:
    options = {method: options_of(method) for method in methods()}
    shared = _shared(list(options.values()))
    nested = {"data": Data, "lora": Lora}
    return (
        "\n\n".join(
            [
                INTRODUCTION.strip(),
                "## Of every method",
                key_table(next(iter(options.values())), _others(options, shared)),
                *(f"## {name}\n\n{key_table(model)}" for name, model in nested.items()),
                *(_method(method, model, shared) for method, model in options.items()),
            ]
        )
        + "\n"
    )


def _shared(models: list[type[BaseModel]]) -> set[str]:
    """Keys that all methods have with the same default."""
    names = set.intersection(*(set(model.model_fields) for model in models))
    first = models[0].model_fields
    return {n for n in names if all(m.model_fields[n].default == first[n].default for m in models)}


def _others(options: dict[str, type[BaseModel]], shared: set[str]) -> set[str]:
    return set(next(iter(options.values())).model_fields) - shared


def _method(method: str, model: type[BaseModel], shared: set[str]) -> str:
    if set(model.model_fields) <= shared:
        return f"## method: {method}\n\nIt has no keys of its own."
    return f"## method: {method}\n\n{key_table(model, shared)}"
