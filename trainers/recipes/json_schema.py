"""The JSON Schema of recipes, by which editors complete and check them.

python -m trainers.recipes.json_schema > trainers/recipes/recipe.schema.json
"""

import json
from typing import Any

from trainers.recipes.schema import methods, options_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> dict[str, Any]:
    """One schema for every method, chosen by ``method``; the keys' own names, no other spelling."""
    shared: dict[str, Any] = {}
    variants = []
    for method in methods():
        schema = options_of(method).model_json_schema()
        shared |= schema.pop("$defs", {})
        schema["title"] = f"method: {method}"
        schema["properties"]["method"] = {"const": method}
        variants.append(schema)
    return {"$schema": DIALECT, "title": "Recipe", "oneOf": variants, "$defs": shared}


if __name__ == "__main__":
    print(json.dumps(recipe_schema(), indent=1))
