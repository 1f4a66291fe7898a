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
MASKBENCH = {
    "description": "ours",
    "meta": {},
    "schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
    "tests": [
        {"description": "ours", "valid": False, "data": {"a": "1"}, "python_error": "x"},
        {"description": "ours", "valid": True, "data": {"a": 2}},
    ],
}
SOB = {
    "record_id": "r1",
    "context": "Ada paid 3 on Monday.",
    "question": "Who paid how much?",
    "json_schema": '{"type": "object", "properties": {"who": {"type": "string"}}}',
    "ground_truth": '{"who": "Ada", "much": 3}',
    "schema_complexity": "medium",
}
