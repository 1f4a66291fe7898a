"""Judges how many of the reference's leaves the answer has: a share, not all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.declared.leaf_rule import LeafRule
from harness.checks.declared.output import Output
from harness.checks.equality.comparison import Comparison
from harness.checks.equality.leaves import leaves_of
from harness.checks.equality.nearest import Nearness, nearest
from harness.checks.equality.rule_tree import Rules
from harness.checks.equality.values import is_same
from harness.checks.json.pointer import pointer_of, span_of, verdict_path
from harness.checks.json.value import document_of
from harness.checks.schema.problems import judge_schema
from harness.checks.schema.schema import Schema
from harness.checks.text.document import MISSING, Document, Path
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.grade import FieldGrade, Grade
from harness.core.verdict import FailureCode, Outcome, Verdict

NEEDS = ("leaf_values",)
BROKEN_BY = ("syntax",)
IS_GRADED = True


@dataclass(frozen=True, slots=True)
class LeafValues:
    """Grades ``{"amount": 47.02, "currency": "EUR"}`` with a half where the reference says
    ``{"amount": 47.2, "currency": "EUR"}``.

    A leaf is a value that is no object and no array. Values are compared as values: 47.20 is 47.2,
    ``true`` is not 1. Items of an array are compared by their place. A task's rules may take other
    values for equal, and match items otherwise. The answer passes where every leaf of the reference
    is equal; of several references the nearest counts. An answer without a JSON value has none of
    them.
    """

    rule: LeafRule
    schema: Schema | None = None
    wrappers: Wrappers = KNOWN_WRAPPERS
    rules: Rules = ()
    """When a value counts as the reference's, by pointer."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if case.reference is None:
            return Verdict.skipped("the case has no reference")
        references = [
            (number, reference)
            for number, reference in enumerate(case.references, start=1)
            if next(leaves_of(reference), None)
        ]
        if not references:
            return Verdict.skipped("the reference holds no leaf, so that none is compared")
        document = document_of(completion, self.wrappers)
        refused = document if isinstance(document, Verdict) else self._broken(completion)
        if refused is not None:
            is_judged = refused.outcome is Outcome.FAILED
            nothing = _grade(dict(leaves_of(references[0][1])), {}, frozenset())
            return refused.graded(nothing) if is_judged else refused
        assert not isinstance(document, Verdict), "it was refused"
        if len(references) < len(case.references) and _is_leafless(case, document.value):
            return Verdict.skipped("the answer is a reference without a leaf: none is compared")
        return nearest(references, len(case.references), lambda r: self.compared(r, document))

    def compared(self, reference: Any, document: Document) -> tuple[Verdict, Nearness]:
        """The verdict beside one reference, and how near it is.

        Raises:
            TooManyItems: items of a list cannot be matched.
            PatternTimeout: patterns take too long.
        """
        wanted = dict(leaves_of(reference))
        comparison = Comparison(self.rules, reference, document.value)
        found = dict(leaves_of(comparison.value))
        equal = equal_leaves(comparison, wanted, found)
        agreed = agreement(wanted, found)
        counted = equal if agreed >= self.rule.least_paths else frozenset[Path]()
        grade = _grade(wanted, found, counted)
        if grade.share == 1:
            return Verdict.passed().graded(grade), (1.0,)
        path, value = next(((p, v) for p, v in wanted.items() if p not in equal), ((), MISSING))
        if value is MISSING:
            code, path = FailureCode.UNEXPECTED_KEY, ()
            said = (
                f"its {len(found)} leaf paths agree with the reference's {len(wanted)} by "
                f"{agreed:.2f}, least_paths is {self.rule.least_paths:g}"
            )
        else:
            there = found.get(path, MISSING)
            code, said, path = comparison.told(path, value, there, lacking="no leaf there")
        reason = f"{len(counted)} of {grade.leaves} leaves are equal; {said}"
        span, place = span_of(document, path), verdict_path(path)
        verdict = Verdict.failed(code, reason, span, path=place).graded(grade)
        return verdict, (grade.share, grade.path_recall)

    def _broken(self, completion: Completion) -> Verdict | None:
        """The verdict on an answer of which no leaf counts, since it breaks the schema."""
        if not self.rule.valid:
            return None
        if self.schema is None:
            reason = "leaf_values: valid needs a schema, and neither the task nor the case has one"
            return Verdict.error(FailureCode.TASK_ERROR, reason)
        found = judge_schema(self.schema, completion, wrappers=self.wrappers)
        return None if found.outcome is Outcome.PASSED else found


def check_for(output: Output) -> LeafValues:
    assert output.leaf_values, "NEEDS says so"
    schema = output.json_schema if output.leaf_values.valid else None
    return LeafValues(output.leaf_values, schema, output.wrappers, output.rules)


def _is_leafless(case: Case, value: Any) -> bool:
    """The value is one of the case's references that have no leaf."""
    leafless = (r for r in case.references if next(leaves_of(r), None) is None)
    return any(is_same(reference, value) for reference in leafless)


def equal_leaves(
    comparison: Comparison, wanted: Mapping[Path, Any], found: Mapping[Path, Any]
) -> frozenset[Path]:
    """The paths of the reference's leaves that the answer has, by the rules."""
    return frozenset(
        path
        for path, value in wanted.items()
        if path in found and comparison.is_equal(path, value, found[path])
    )


def _grade(wanted: dict[Path, Any], found: dict[Path, Any], equal: frozenset[Path]) -> Grade:
    counts: dict[str, list[int]] = {}
    for path in wanted:
        own = counts.setdefault(_field(path), [0, 0, 0])
        own[0] += 1
        own[1] += path in found
        own[2] += path in equal
    return Grade(tuple(FieldGrade(pointer, *own) for pointer, own in counts.items()))


def _field(path: Path) -> str:
    """The pointer of a leaf's field: ``/items/*/price`` for every item."""
    return pointer_of(tuple("*" if isinstance(p, int) else p for p in path)) if path else ""


def agreement(wanted: Mapping[Path, Any], found: Mapping[Path, Any]) -> float:
    """F1 of the two sets of leaf paths, 0 to 1."""
    shared = len(wanted.keys() & found.keys())
    if not shared:
        return 0.0
    precision, recall = shared / len(found), shared / len(wanted)
    return (2 * precision * recall) / (precision + recall)
