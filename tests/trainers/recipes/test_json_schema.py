"""The JSON Schema of recipes is the committed one, and takes what the recipes are."""

import copy
import json
from typing import Any

import jsonschema
import pytest

from harness.files.yaml_file import parse_yaml
from trainers.recipes.json_schema import recipe_schema
from trainers.recipes.load import BUNDLED

SCHEMA = recipe_schema()
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def test_the_committed_file_is_what_is_made() -> None:
    text = (BUNDLED / "recipe.schema.json").read_text("utf-8")
    assert text == json.dumps(SCHEMA, indent=1) + "\n", (
        "python -m trainers.recipes.json_schema > trainers/recipes/recipe.schema.json"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in BUNDLED.glob("*.yaml")))
def test_every_bundled_recipe_is_valid(name: str) -> None:
    CHECK.validate(parse_yaml(BUNDLED / f"{name}.yaml")[0])


@pytest.mark.parametrize(
    ("key", "value"), [("method", "sfd"), ("learning_rte", 1e-4), ("max_steps", "ten"), ("r", 8)]
)
def test_a_mistake_is_seen(key: str, value: Any) -> None:
    recipe = copy.deepcopy(parse_yaml(BUNDLED / "demo_tiny.yaml")[0])
    recipe[key] = value
    assert not CHECK.is_valid(recipe)
