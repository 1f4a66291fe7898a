"""Where a change happened: the composite by tag and by template, to say where to look.

Slices suggest and never decide. Their p-values bound the share of false suggestions among all that
are made (Benjamini and Hochberg), not the chance of even one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.gate.compare import CaseChange, Comparison
from harness.gate.evidence import PairedTest, paired_test, pairs_of
from harness.stats.intervals import CONFIDENCE
from harness.stats.multiple import benjamini_hochberg

SMALL = 10
"""Fewer cases than this are shown but suggest nothing by themselves."""
MOST = 50
"""Slices of one kind that are looked at: the largest."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The cases that share a tag or a template."""

    kind: str
    """``tag`` or ``template``."""
    name: str
    test: PairedTest
    """Of the composite, with ``adjusted_p`` over all slices of the comparison."""

    @property
    def is_small(self) -> bool:
        return self.test.pairs < SMALL


def slices_of(comparison: Comparison, confidence: float = CONFIDENCE) -> tuple[Slice, ...]:
    """Every tag and every template that is shared by some cases and not by all, worst first."""
    found = [
        Slice(kind, name, test)
        for kind, groups in _groups(comparison).items()
        for name, cases in groups.items()
        if (test := paired_test(comparison.task, name, pairs_of(cases), confidence))
    ]
    adjusted = benjamini_hochberg([s.test.p_value for s in found])
    known = (
        replace(s, test=replace(s.test, adjusted_p=p)) for s, p in zip(found, adjusted, strict=True)
    )
    return tuple(sorted(known, key=lambda s: (s.test.adjusted_p, -s.test.drop)))


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
    largest = sorted(shared, key=lambda name: -len(shared[name]))[:MOST]
    return {name: shared[name] for name in largest}
