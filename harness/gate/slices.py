"""Tests the composite by tag and by template, to suggest where a change happened.

Slices suggest and never decide. Their p-values bound the false discovery rate (Benjamini and
Hochberg), not the chance of a single false suggestion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.gate.compare import CaseChange, Comparison
from harness.gate.evidence import PairedTest, paired_test, pairs_of
from harness.stats.multiple import benjamini_hochberg
from harness.stats.paired import Tails

SMALL_SLICE = 10
"""Slices with fewer cases are shown but never suggested."""
MAX_SLICES = 50
"""The number of slices of one kind that are tested: the largest ones."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The cases that share a tag or a template."""

    kind: str
    """``tag`` or ``template``."""
    name: str
    test: PairedTest
    """Test of the composite."""
    adjusted_p: float
    """Its p-value, adjusted over all slices of the comparison."""

    @property
    def is_small(self) -> bool:
        return self.test.pairs < SMALL_SLICE


def slices_of(comparison: Comparison, tails: Tails) -> tuple[Slice, ...]:
    """Slices by every tag and template that some but not all cases share, worst first."""
    found = [
        (kind, name, test)
        for kind, groups in _groups(comparison).items()
        for name, cases in groups.items()
        if (test := paired_test(
            comparison.task, name, pairs_of(cases), tails
        ))
    ]  # fmt: skip
    adjusted = benjamini_hochberg([test.p_value for _, _, test in found])
    known = (Slice(*one, p) for one, p in zip(found, adjusted, strict=True))
    return tuple(sorted(known, key=lambda s: (s.adjusted_p, -s.test.drop)))


def _groups(comparison: Comparison) -> Mapping[str, Mapping[str, list[CaseChange]]]:
    groups: dict[str, dict[str, list[CaseChange]]] = {"tag": {}, "template": {}}
    for case in comparison.cases:
        for tag in dict.fromkeys(case.sample.tags):
            groups["tag"].setdefault(tag, []).append(case)
        if case.sample.template:
            groups["template"].setdefault(case.sample.template, []).append(case)
    return {kind: _chosen(found, len(comparison.cases)) for kind, found in groups.items()}


def _chosen(found: Mapping[str, list[CaseChange]], cases: int) -> dict[str, list[CaseChange]]:
    shared = {name: group for name, group in found.items() if 1 < len(group) < cases}
    largest = sorted(shared, key=lambda name: -len(shared[name]))[:MAX_SLICES]
    return {name: shared[name] for name in largest}
