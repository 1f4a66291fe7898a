"""Defects of YAML answers: around the document, in its text, and those of its value."""

from functools import partial

from harness.checks.declared.output import Output
from harness.checks.yaml.writing import dump_yaml
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import (
    EDGES,
    FENCE_ADDED,
    LOOP,
    SYNTAX,
    Corruption,
    Defect,
    Defects,
    around,
    at_the_limit,
    nothing,
)
from harness.tasks.check.corruptions.json import value_defects_in_format
from harness.tasks.reference import dump, reference_value

VALIDITY = "yaml_validity"


def defects(output: Output) -> Defects:
    """By name, in the order of a table."""
    return {
        FENCE_ADDED: around("```yaml\n", "\n```", EDGES),
        "chatter before": partial(_of_mapping, around("Here it is.\n", "", SYNTAX)),
        "chatter after": partial(_of_mapping, around("", "\nLet me know.", SYNTAX)),
        "second document": lambda case, perfect: around("", f"\n---\n{perfect}", EDGES)(
            case, perfect
        ),
        "bracket left open": around("", "\n[", SYNTAX),
        "ends in a loop": around("", "\n# and" + LOOP * 12, "repetition"),
        "key repeated": partial(_key_repeated, output),
        **({} if output.flow == "allowed" else {"in JSON's style": partial(_as_json, output)}),
        "nothing": nothing(EDGES, SYNTAX),
        "token limit reached": at_the_limit,
        **value_defects_in_format(output),
    }


def _of_mapping(make: Defect, case: Case, perfect: str) -> Corruption | None:
    """Not of a list, whose lines would go on a sentence before them."""
    return make(case, perfect) if perfect[0] not in "-[{" and ":" in perfect else None


def _as_json(output: Output, case: Case, perfect: str) -> Corruption | None:
    value = reference_value(output, perfect)
    if not isinstance(value, dict | list) or not value:
        return None
    return Corruption(dump(value), frozenset({VALIDITY}))


def _key_repeated(output: Output, case: Case, perfect: str) -> Corruption | None:
    value = reference_value(output, perfect)
    if not isinstance(value, dict) or not value:
        return None
    name, member = next(iter(value.items()))
    return Corruption(f"{dump_yaml({name: member})}\n{perfect}", frozenset({VALIDITY}))
