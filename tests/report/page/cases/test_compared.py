"""The page's comparison of answers with references follows the rules of the task."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.declared.output import Output
from harness.checks.exact_fields import check_for
from harness.checks.text.text_patterns import PatternTimeout
from harness.core.case import Case
from harness.core.record import RunRecord
from harness.core.verdict import Outcome
from harness.gate.policy import GatePolicy
from harness.report.page.cases.answers import Answer, cases_of
from harness.report.page.cases.compared import Compared, Comparing
from harness.report.report import report_on
from tests.synthetic import ADAPTER, BASE, TASK, record, with_text


def run_of(
    reference: Any,
    answer: str,
    *,
    compare: dict[str, Any] | None = None,
    exact: tuple[str, ...] = ("/*",),
    **own: Any,
) -> RunRecord:
    """Two cases of two models, whose first is answered with ``answer`` by the adapter."""
    run = record(2)
    first = run.samples[0].case_id
    samples = [
        replace(with_text(s, answer) if s.model == ADAPTER else s, reference=reference, **own)
        if s.case_id == first
        else s
        for s in run.samples
    ]
    tasks = tuple(replace(t, compare=compare or {}, exact=exact) for t in run.tasks)
    return replace(run, samples=tuple(samples), tasks=tasks)


def shown(run: RunRecord) -> tuple[str, Answer]:
    """The page's reference of the first case, and the adapter's answer to it."""
    report = report_on(run, before=BASE, after=ADAPTER, policy=GatePolicy())
    case = cases_of(report, TASK, 1_000)[0]
    answer = case.answers[report.place(report.after)]
    assert answer is not None
    return case.reference, answer


def compared(reference: Any, answer: Any, compare: dict[str, Any], **own: Any) -> Compared:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found = shown(run_of(reference, text, compare=compare, **own))[1].compared
    assert found is not None
    return found


def test_without_a_rule_the_page_compares_by_itself() -> None:
    reference, answer = shown(run_of({"a": 1}, '{"a": 2}'))
    assert reference == '{"a": 1}'
    assert answer.compared is None


RULED = [
    ({"/a": {"tolerance": "0.01"}}, 47.2, 47.205, 47.22),
    ({"/a": {"relative": "0.1"}}, 100, 109, 111),
    ({"/a": {"ignore": ["case", "blanks"]}}, "Ada Byron", " ada  BYRON", "Adabyron"),
    ({"/a": {"pattern": "[A-Z]{3}-[0-9]+"}}, "ABC-1", "XYZ-22", "xyz-22"),
]


@pytest.mark.parametrize(("compare", "wanted", "same", "other"), RULED)
def test_a_value_is_wrong_where_the_behavior_says_so(
    compare: dict[str, Any], wanted: Any, same: Any, other: Any
) -> None:
    for value, wrong in ((same, ()), (other, ("/a",))):
        answer = {"a": value, "b": 1}
        found = compared({"a": wanted, "b": 1}, answer, compare)
        assert found.wrong == wrong
        check = check_for(Output(format="json", exact=["/a"], compare=compare))
        case = Case("c", (), reference={"a": wanted})
        judged = check.judge(
            case, replace(record(1).samples[0].completion, text=json.dumps(answer))
        )
        assert (judged.outcome is Outcome.PASSED) is not bool(wrong)


def test_a_rule_of_one_place_leaves_the_others_exact() -> None:
    compare = {"/a": {"tolerance": "1"}}
    assert compared({"a": 1, "b": 1}, {"a": 2, "b": 2}, compare).wrong == ("/b",)
    assert compared({"a": 1, "b": 1}, {"a": 1, "c": 1}, compare).wrong == ("/b", "/c")


def test_items_in_another_order_stand_at_the_places_of_the_reference() -> None:
    found = compared(
        {"x": ["a", "b", "c"]}, {"x": ["c", "b", "new", "a"]}, {"/x": {"order": "any"}}
    )
    assert found.moved == (("/x", (3, 1, 0, 2)),)
    assert found.wrong == ("/x/3",), "the item that is nobody's partner stands behind the others"


def test_items_are_matched_by_their_key_and_lists_within_them_too() -> None:
    wanted = [{"id": 1, "tags": ["p", "q"]}, {"id": 2, "tags": []}, {"id": 3, "tags": []}]
    answer = [{"id": 2, "tags": ["z"]}, {"id": 1, "tags": ["q", "p"]}]
    found = compared(wanted, answer, {"": {"key": "/id"}, "/*/tags": {"order": "any"}})
    assert dict(found.moved) == {"": (1, 0, None), "/0/tags": (1, 0)}
    assert found.wrong == ("/1/tags/0", "/2")


def test_a_list_in_its_order_moves_nothing() -> None:
    assert compared({"x": [1, 2]}, {"x": [1, 2]}, {"/x": {"order": "any"}}).moved == ()


def test_of_several_references_it_is_the_one_that_the_behavior_chooses() -> None:
    """Of the pinned values all are the second's, of all values more are the first's."""
    own = {"alternatives": ({"id": 2, "x": 9, "y": 9},)}
    answer = {"id": 2, "x": 1, "y": 1}
    found = compared({"id": 1, "x": 1, "y": 1}, answer, {}, exact=("/id",), **own)
    assert (found.number, found.reference) == (2, '{"id": 2, "x": 9, "y": 9}')
    assert found.wrong == ("/x", "/y")
    found = compared({"id": 1, "x": 1, "y": 1}, answer, {}, exact=(), **own)
    assert (found.number, found.wrong) == (1, ("/id",))


def test_a_cases_own_rules_come_before_the_tasks() -> None:
    own = json.dumps({"compare": {"/a": {"tolerance": "5"}}, "exact": ["/a"]})
    assert compared({"a": 1}, {"a": 3}, {"/a": {"tolerance": "1"}}, declared=own).wrong == ()
    reference, answer = shown(
        run_of({"a": 1}, '{"a": 3}', compare={"/a": {"tolerance": "5"}}, declared='{"compare": {}}')
    )
    assert (reference, answer.compared) == ('{"a": 1}', None), "the case has none: exactly"


@pytest.mark.parametrize(
    "answer", ["", "12", "no JSON", '{"a": ', '```json\n{"a": 1}\n```', '{"a": 1} and more']
)
def test_an_answer_that_is_no_json_has_no_comparison(answer: str) -> None:
    run = run_of({"a": 1}, answer, compare={"/a": {"tolerance": "1"}})
    assert shown(run)[1].compared is None


def test_a_reference_that_no_answer_is_held_against_is_left_out_where_there_are_rules() -> None:
    run = run_of({"a": 1}, "nothing", compare={"/a": {"tolerance": "1"}})
    silent = tuple(with_text(s, "nothing") for s in run.samples)
    assert shown(replace(run, samples=silent))[0] == ""


def test_what_cannot_be_matched_is_not_compared() -> None:
    many = list(range(100))
    compare = {"/x": {"order": "any"}, "/x/*": {"tolerance": "1"}}
    run = run_of({"x": many}, json.dumps({"x": [*many[::-1][:-1], -9]}), compare=compare)
    assert shown(run)[1].compared is None


def test_a_slow_pattern_ends_the_comparisons_of_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def never_ends(pattern: str, *_: object) -> None:
        tried.append(pattern)
        raise PatternTimeout(pattern)

    monkeypatch.setattr("harness.checks.equality.values.match_whole", never_ends)
    task = replace(record(1).tasks[0], compare={"/a": {"pattern": "x"}})
    comparing = Comparing(task, 1_000)
    sample = replace(with_text(record(1).samples[0], '{"a": "x"}'), reference={"a": "xxy"})
    assert [comparing.of(sample) for _ in range(3)] == [None] * 3
    assert tried == ["x"]


@pytest.mark.parametrize(
    "compare", [{"/a": {"tolerance": "-1"}}, {"/a": 3}, {"/a/*": {"order": "any"}, "/a/*/0": {}}]
)
def test_rules_that_a_record_cannot_have_compare_nothing(compare: dict[str, Any]) -> None:
    assert shown(run_of({"a": 1}, '{"a": 1}', compare=compare))[1].compared is None


def test_a_cut_answer_is_not_compared() -> None:
    long = json.dumps({"a": "x" * 2_000})
    run = run_of({"a": "x"}, long, compare={"/a": {"ignore": "case"}})
    _, answer = shown(run)
    assert answer.cut_before or answer.cut_after
    assert answer.compared is None
