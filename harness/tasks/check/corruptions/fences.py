"""Defects of answers in a Markdown fence."""

from collections.abc import Iterator
from dataclasses import replace

from harness.checks.declared.output import Output
from harness.tasks.check.corruptions.defect import EDGES, Corruption
from harness.tasks.reference import fenced

LOOP_CHECK = "repetition"
FENCE_DEFECTS = (
    "fence dropped",
    "fence not closed",
    "fence of another language",
    "second fence",
    "chatter around the fence",
)
_OTHERS = {"json": "yaml", "jsonl": "yaml"}
"""A language that no answer of a format has, where JSON is not it."""


def in_fence(output: Output, perfect: str, bare: Corruption) -> Corruption:
    """A corruption of a bare answer, put into a fence; a loop goes on behind it."""
    if LOOP_CHECK not in bare.breaks:
        return replace(bare, text=fenced(output, bare.text))
    text = fenced(output, perfect) + bare.text.removeprefix(perfect)
    broken = {LOOP_CHECK} if output.commentary else {LOOP_CHECK, EDGES}
    return replace(bare, text=text, breaks=frozenset(broken))


def of_fence(output: Output, perfect: str) -> Iterator[tuple[str, Corruption]]:
    """The defects of the fence itself, and the answer with each."""
    whole, broken = fenced(output, perfect), frozenset({EDGES})
    opening, _, rest = whole.partition("\n")
    other = opening.rstrip(opening.lstrip("`")) + _OTHERS.get(output.format, "json")
    made = {
        "fence not closed": whole.rpartition("\n")[0],
        "fence of another language": f"{other}\n{rest}",
        "second fence": f"{whole}\n{whole}",
    }
    if output.fence == "required":
        made["fence dropped"] = perfect
    if not output.commentary:
        made["chatter around the fence"] = f"here is what you asked for:\n{whole}"
    for name in FENCE_DEFECTS:
        if name in made:
            yield name, Corruption(made[name], broken)
