"""The JSON Schema of recipes, by which editors complete and check them.

python -m trainers.recipes.json_schema > trainers/recipes/recipe.schema.json
"""

import json
from typing import Any

from harness.files.described_schema import schema_of
from trainers.recipes.schema import methods, options_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> dict[str, Any]:
    """One schema for every method, chosen by ``method``; the keys' own names, no other spelling."""
    shared: dict[str, Any] = {}
    variants = []
    for method in methods():
        schema = schema_of(options_of(method), f"method: {method}")
        del schema["$schema"]
        shared |= schema.pop("$defs", {})
        schema["properties"]["method"] = {"const": method}
        variants.append(schema)
    return {"$schema": DIALECT, "title": "Recipe", "oneOf": variants, "$defs": shared}


if __name__ == "__main__":
    print(json.dumps(recipe_schema(), indent=1))
