"""Causes: failing answers grouped by the fields of their verdicts."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.core.record import Sample
from harness.core.verdict import FailureCode, Verdict
from harness.gate.causes import (
    MAX_KINDS,
    Cause,
    Edge,
    broken_cases,
    causes_alone,
    causes_of,
    deciding_causes,
    examples_first,
)
from harness.gate.compare import Side, compare
from harness.gate.decision import regressed_cases
from harness.gate.policy import GatePolicy
from tests.gating import gate, pair, with_verdicts
from tests.synthetic import (
    ADAPTER,
    BASE,
    TASK,
    Answer,
    chatty,
    fenced,
    good,
    missing_key,
    number_as_string,
    record_of,
    sample,
    values,
)

Way = Callable[[dict[str, object]], Answer]


def answers(model: str, ways: Sequence[Way]) -> list[Sample]:
    return [
        sample(model, i, value, way(value))
        for i, (value, way) in enumerate(zip(values(len(ways)), ways, strict=True), start=1)
    ]


def compared(before: Sequence[Sample], after: Sequence[Sample]):  # type: ignore[no-untyped-def]
    run = record_of([(BASE, list(before)), (ADAPTER, list(after))])
    return compare(Side(run, BASE), Side(run, ADAPTER), TASK)


def found(causes: Sequence[Cause]) -> list[tuple[str, int]]:
    return [(c.code.value if c.code else "", len(c.failures)) for c in causes]


def wrong(path: str | None, code: FailureCode = FailureCode.WRONG_VALUE) -> Way:
    verdict = Verdict.failed(code, "said in words", (0, 1), path=path)
    return lambda value: replace(good(value), verdicts={"schema_types": verdict})


def test_what_broke_is_counted_by_what_went_wrong_and_so_is_what_still_fails() -> None:
    ways = [fenced] * 4 + [missing_key] * 2 + [chatty] * 3 + [good, number_as_string]
    causes = causes_of(compared(answers(BASE, [good] * 10 + [fenced]), answers(ADAPTER, ways)))
    assert causes.behavior == "format_success_rate"
    assert found(causes.broke) == [("markdown_fence", 4), ("syntax", 3), ("missing_key", 2)]
    fence = causes.broke[0]
    assert (fence.edge, fence.written) == (Edge.BEGINNING, "```json")
    assert fence.case_ids == tuple(sorted(fence.case_ids, key=lambda i: len(_text(fence, i))))
    # The same fault at another place is told by its first behavior alone.
    assert fence.behaviors == ("json_validity",)
    assert found(causes.still_failing) == [("number_as_string", 1)]


def _text(cause: Cause, case_id: str) -> str:
    return next(
        f.completion.text for f in cause.failures if f.completion.case_id == case_id
    )  # fmt: skip


def test_one_behavior_has_causes_of_its_own() -> None:
    both = compared(answers(BASE, [good, good]), answers(ADAPTER, [chatty, missing_key]))
    assert found(causes_of(both, "no_extra_text").broke) == [("text_before", 1)]
    assert found(causes_of(both, "schema_types").broke) == [("missing_key", 1)]
    assert causes_of(both, "schema_types").still_failing == ()


def test_places_are_told_apart_by_path_whatever_the_item() -> None:
    ways = [wrong("/posts/0/at")] * 2 + [wrong("/posts/13/at")] + [wrong("/name")] * 2
    [first, second] = causes_of(compared(answers(BASE, [good] * 5), answers(ADAPTER, ways))).broke
    assert (first.path, len(first.failures)) == ("/posts/*/at", 3)
    assert (second.path, len(second.failures)) == ("/name", 2)


def test_many_places_of_one_code_are_a_few_causes_and_the_rest() -> None:
    ways = [wrong(f"/k{i}") for i in range(6) for _ in range(6 - i)]
    causes = causes_of(compared(answers(BASE, [good] * len(ways)), answers(ADAPTER, ways))).broke
    assert [len(c.failures) for c in causes] == [6, 6, 5, 4]
    assert sum(c.is_rest for c in causes) == 1
    assert len(causes) == MAX_KINDS + 1
    apart = [wrong(f"/k{i}") for i in range(6)]
    [one] = causes_of(compared(answers(BASE, [good] * 6), answers(ADAPTER, apart))).broke
    assert (one.path, one.is_rest) == ("", False)


def test_a_pinned_case_is_the_example() -> None:
    after = answers(ADAPTER, [missing_key] * 3)
    after[2] = replace(after[2], must_pass=True)
    [cause] = causes_of(compared(answers(BASE, [good] * 3), after)).broke
    assert cause.example.completion.case_id == after[2].case_id
    assert cause.example.is_pinned


def test_a_baseline_without_texts_and_codes_is_grouped_by_what_it_has() -> None:
    after = answers(ADAPTER, [fenced, fenced, missing_key])
    bare = [
        replace(
            s,
            completion=replace(s.completion, text=""),
            verdicts={n: replace(v, span=None, reason="") for n, v in s.verdicts.items()},
        )
        for s in after
    ]
    lost = replace(
        bare[2], verdicts={n: replace(v, code=None) for n, v in bare[2].verdicts.items()}
    )
    causes = causes_of(compared(answers(BASE, [good] * 3), [*bare[:2], lost])).broke
    assert found(causes) == [("markdown_fence", 2), ("", 1)]
    assert (causes[0].edge, causes[0].written) == (None, "")


def test_a_fence_or_a_token_is_at_an_edge() -> None:
    def end(value: dict[str, object]) -> Answer:
        text = good(value).text + "\n```\n"
        span = (len(text) - 4, len(text) - 1)
        return Answer(text, {"no_extra_text": Verdict.failed(FailureCode.MARKDOWN_FENCE, "", span)})

    def token(value: dict[str, object]) -> Answer:
        text = good(value).text + "<|im_end|> more"
        span = (len(text) - 15, len(text) - 5)
        return Answer(text, {"no_extra_text": Verdict.failed(FailureCode.SPECIAL_TOKEN, "", span)})

    causes = causes_of(compared(answers(BASE, [good] * 2), answers(ADAPTER, [end, token]))).broke
    assert [(c.edge, c.written) for c in causes] == [(Edge.END, "```"), (None, "<|im_end|>")]


def test_the_answers_of_one_case_count_once() -> None:
    before, after = answers(BASE, [good]), answers(ADAPTER, [fenced])
    again = [replace(s, repeat=1) for s in (*before, *after)]
    both = compared([*before, again[0]], [*after, again[1]])
    assert len(broken_cases(both)) == 1
    assert found(causes_of(both).broke) == [("markdown_fence", 1)]


def test_one_model_has_causes_of_what_fails() -> None:
    run = record_of([(ADAPTER, answers(ADAPTER, [good, fenced, fenced, chatty]))])
    required = ("json_validity", "no_extra_text")
    side = Side(run, ADAPTER)
    assert found(causes_alone(side, TASK, required)) == [("markdown_fence", 2), ("syntax", 1)]
    assert found(causes_alone(side, TASK, ("no_extra_text",))) == [
        ("markdown_fence", 2),
        ("text_before", 1),
    ]


def test_a_behavior_outside_of_the_composite_that_fell_is_told_too() -> None:
    before, after = pair(60)
    failed = Verdict.failed(FailureCode.WRONG_VALUE, "", (0, 1), path="/amount")
    passed = Verdict.passed()
    before = with_verdicts(before, "exact_fields", [passed] * 60)
    after = with_verdicts(after, "exact_fields", [failed] * 20 + [passed] * 40)
    [task] = gate(before, after).tasks
    composite, exact = deciding_causes(task, GatePolicy())
    assert (composite.broke, composite.still_failing) == ((), ())
    assert (exact.behavior, found(exact.broke)) == ("exact_fields", [("wrong_value", 20)])
    # What fails as the composite does is not told again.
    before, after = pair(60, broke=20)
    before = with_verdicts(before, "loops", [passed] * 60)
    after = with_verdicts(after, "loops", [s.verdicts["json_validity"] for s in after.samples])
    [task] = gate(before, after).tasks
    assert [c.behavior for c in deciding_causes(task, GatePolicy())] == ["format_success_rate"]


def test_an_example_of_each_cause_comes_first() -> None:
    ways = [fenced] * 3 + [missing_key] * 2
    before, after = answers(ADAPTER, [good] * 5), answers(ADAPTER, ways)
    [task] = gate(record_of([(ADAPTER, before)]), record_of([(ADAPTER, after)])).tasks
    cases = examples_first(regressed_cases(task), task.comparison)
    codes = [next(v.code for v in c.after.verdicts.values() if v.code) for c in cases if c.after]
    assert codes[:2] == [FailureCode.MARKDOWN_FENCE, FailureCode.MISSING_KEY]
    assert len(codes) == 5
