"""Defects of answers in JSON Lines: around the lines, in their text, and those of the values."""

import json
from functools import partial
from typing import Any

from harness.checks.declared.output import Output
from harness.core.case import Case
from harness.core.completion import FinishReason
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
from harness.tasks.reference import dump

VALIDITY = "jsonl_validity"


def defects(output: Output) -> Defects:
    """By name, in the order of a table."""
    return {
        FENCE_ADDED: around("```jsonl\n", "\n```", EDGES),
        "chatter before": around("here is what you asked for:\n", "", EDGES),
        "chatter after": around("", "\nlet me know if anything is missing.", EDGES),
        "special token after": partial(_of_container, around("", "<|im_end|>", EDGES)),
        "ends in a loop": around("", "\n" + LOOP * 12, EDGES, "repetition"),
        "comma behind a line": partial(_of_container, around("", ",", SYNTAX)),
        "written as one list": _as_one_list,
        "blank line inside": _blank_inside,
        "bracket repeated": partial(_of_container, _bracket_repeated),
        "last bracket cut off": partial(_of_container, _cut_off),
        "key repeated": _key_repeated,
        "nothing": nothing(EDGES, SYNTAX),
        "token limit reached": at_the_limit,
        **value_defects_in_format(output),
    }


def _of_container(make: Defect, case: Case, perfect: str) -> Corruption | None:
    """The defect of a last line that ends with a bracket: a bare number or text has its line to
    itself, and is words with anything behind it."""
    return make(case, perfect) if perfect[-1] in "}]" else None


def _bracket_repeated(case: Case, perfect: str) -> Corruption:
    return Corruption(perfect + perfect[-1] * 8, frozenset({SYNTAX, "bracket_repetition"}))


def _cut_off(case: Case, perfect: str) -> Corruption:
    breaks = frozenset({SYNTAX, "stops_cleanly"})
    return Corruption(perfect[:-1], breaks, FinishReason.LENGTH)


def _as_one_list(case: Case, perfect: str) -> Corruption:
    """The values as a JSON list over several lines."""
    inside = ",\n".join(perfect.split("\n"))
    return Corruption(f"[\n{inside}\n]", frozenset({SYNTAX}))


def _blank_inside(case: Case, perfect: str) -> Corruption | None:
    first, line_end, rest = perfect.partition("\n")
    return Corruption(f"{first}\n\n{rest}", frozenset({VALIDITY})) if line_end else None


def _key_repeated(case: Case, perfect: str) -> Corruption | None:
    value: Any = json.loads(perfect.partition("\n")[0])
    if not isinstance(value, dict) or not value:
        return None
    name, member = next(iter(value.items()))
    return Corruption(
        f"{{{dump(name)}: {dump(member)}, {perfect[1:]}", frozenset({"duplicate_keys"})
    )
