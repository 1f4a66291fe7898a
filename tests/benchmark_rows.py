"""Small rows of our own in the forms of public benchmarks."""

IFSTRUCT = {
    "seed": 1,
    "entity_type": "recipe",
    "prompt": "Write a list.",
    "json_schema": {"type": "array", "items": {"type": "string"}},
    "top_level_count": 1,
    "top_level_key": None,
    "require_wrapper_key": False,
    "require_code_block": False,
    "require_no_commentary": True,
    "output_format": "json",
}
