"""Pairs hold a failing and a passing answer to one prompt; both are judged."""

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from harness.core.case import Case, Message
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict
from trainers.data.mining import (
    CUT,
    NO_FAILING,
    NO_PASSING,
    NOT_JUDGED,
    REPEATED,
    SAME_TEXT,
    UNREADABLE,
    JudgedAnswer,
    Mined,
    by_prompt,
    marked,
    mine_examples,
    mine_pairs,
    respelled,
    sampled,
    with_references,
)
from trainers.data.rows import TrainingRow

PASSED, SKIPPED = Verdict.passed(), Verdict.skipped("nothing to hold")
FAILED = Verdict.failed(FailureCode.SYNTAX, "wrong")
ERROR = Verdict.error(FailureCode.BACKEND_ERROR, "killed")
REFERENCE = "the reference"


def judge(completion: Completion) -> Mapping[str, Verdict]:
    """Answers with ``bad`` in them are not valid, those with ``false`` are not grounded."""
    return {
        "validity": FAILED if "bad" in completion.text else PASSED,
        "grounding": FAILED if "false" in completion.text else PASSED,
    }


def answer(
    text: str,
    prompt: str = "q",
    *,
    verdicts: Mapping[str, Verdict] | None = None,
    end: FinishReason = FinishReason.STOP,
    reference: str | None = None,
    repeat: int = 0,
) -> JudgedAnswer:
    completion = Completion(text, end, repeat=repeat, token_ids=tuple(map(ord, text)))
    return JudgedAnswer(
        source="run-1",
        task="t",
        case=Case(f"case-{prompt}", (Message("user", prompt),)),
        completion=completion,
        verdicts=judge(completion) if verdicts is None else verdicts,
        required=("validity",),
        reference=reference,
        judge=judge,
    )


def pairs(*answers: JudgedAnswer, behaviors: tuple[str, ...] = ()) -> Mined:
    return mine_pairs(by_prompt(answers, behaviors))


def texts(mined: Mined) -> list[tuple[str, str]]:
    return [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in mined.rows]


def test_a_passing_sibling_is_chosen_before_the_reference() -> None:
    mined = pairs(answer("bad", reference=REFERENCE, repeat=1), answer("good", reference=REFERENCE))
    assert mined.rows == (
        {
            "prompt": [{"role": "user", "content": "q"}],
            "chosen": [{"role": "assistant", "content": "good"}],
            "rejected": [{"role": "assistant", "content": "bad"}],
            "rejected_ids": [98, 97, 100],
            "is_cut": False,
            "chosen_from": "sibling",
            "codes": {"validity": "syntax"},
            "run": "run-1",
            "task": "t",
            "case": "case-q",
            "repeat": 1,
        },
    )
    assert (mined.prompts, mined.left_out) == (1, {})


def test_the_reference_is_chosen_where_no_answer_passes_and_it_does() -> None:
    mined = pairs(answer("bad", reference=REFERENCE), answer("bad too", "p", reference="bad one"))
    assert texts(mined) == [(REFERENCE, "bad")]
    assert mined.rows[0]["chosen_from"] == "reference"
    assert mined.left_out == {NO_PASSING: 1}


def test_passing_answers_are_chosen_in_turn() -> None:
    mined = pairs(*(answer(t) for t in ("good 1", "bad 1", "good 2", "bad 2", "bad 3")))
    assert texts(mined) == [("good 1", "bad 1"), ("good 2", "bad 2"), ("good 1", "bad 3")]
    assert mined.prompts == 1


def test_answers_to_other_prompts_and_tasks_are_no_siblings() -> None:
    mined = pairs(answer("bad"), answer("good", "p"))
    assert mined.rows == ()
    assert mined.left_out == {NO_FAILING: 1, NO_PASSING: 1}


@pytest.mark.parametrize(
    "verdicts",
    [
        {"validity": ERROR},
        {"validity": SKIPPED},
        {"grounding": FAILED},
        {},
    ],
)
def test_an_error_a_skip_or_a_verdict_that_is_missing_makes_no_pair(
    verdicts: Mapping[str, Verdict],
) -> None:
    mined = pairs(answer("bad", verdicts=verdicts, reference=REFERENCE), answer("good"))
    assert mined.rows == ()
    assert mined.left_out == {NOT_JUDGED: 1, NO_FAILING: 1}


def test_an_answer_that_was_cut_is_marked_and_is_never_chosen() -> None:
    cut = FinishReason.LENGTH
    mined = pairs(answer("bad", end=cut), answer("good", end=cut), answer("good too"))
    assert texts(mined) == [("good too", "bad")]
    assert mined.rows[0]["is_cut"]
    assert mined.left_out == {CUT: 1}
    assert pairs(answer("bad"), answer("good", end=cut)).left_out == {CUT: 1, NO_PASSING: 1}


def test_answers_that_repeat_or_have_no_text_make_no_second_pair() -> None:
    mined = pairs(*(answer(t) for t in ("bad", "good", "bad", "good", "bad \ud83d", "")))
    assert texts(mined) == [("good", "bad")]
    assert mined.left_out == {REPEATED: 2, UNREADABLE: 2}
    empty = answer("", verdicts={"validity": FAILED})
    assert pairs(empty, answer("good")).left_out == {UNREADABLE: 1}
    assert pairs(answer("bad", "\udfff"), answer("good", "\udfff")).rows == ()


def test_texts_that_differ_by_their_end_alone_are_no_pair() -> None:
    cut = answer("good", verdicts={"validity": FAILED}, end=FinishReason.LENGTH)
    mined = pairs(cut, answer("good"))
    assert mined.rows == ()
    assert mined.left_out == {SAME_TEXT: 1}


def test_a_behavior_asked_for_narrows_the_rejected_and_binds_the_chosen() -> None:
    answers = [answer(t) for t in ("bad", "false", "false too", "good")]
    mined = pairs(*answers, behaviors=("grounding",))
    assert texts(mined) == [("good", "false"), ("good", "false too")]
    assert mined.rows[0]["codes"] == {"grounding": "syntax"}
    assert pairs(answer("bad"), answer("good"), behaviors=("grounding",)).left_out == {
        NO_FAILING: 1
    }
    by_reference = answer("false", reference="bad, yet grounded")
    assert pairs(by_reference, behaviors=("grounding",)).left_out == {NO_PASSING: 1}


def test_answers_to_prompts_that_the_leak_check_finds_are_marked_in_their_rows() -> None:
    suite: Any = SimpleNamespace(
        name="t", prompt_parts=(), cases=[Case("other", (Message("user", "Q?"),))]
    )
    answers = [answer("bad", reference=REFERENCE), answer("bad", "p", reference=REFERENCE)]
    own, other = pairs(*marked(answers, [suite])).rows
    assert own["is_suite_case"]
    assert "is_suite_case" not in other


def test_repeated_answers_do_not_hide_a_prompt_from_the_leak_check() -> None:
    """Eight answers to one prompt of three: its words are no template."""
    words = "ada lent her blue bicycle to a stranger"
    suite: Any = SimpleNamespace(
        name="t", prompt_parts=(), cases=[Case("c", (Message("user", f"{words} in May"),))]
    )
    asked = [words] * 8 + ["one", "two"]
    found = list(marked([answer("bad", prompt) for prompt in asked], [suite]))
    assert [a.is_suite_case for a in found] == [True] * 8 + [False, False]


def test_a_references_text_is_that_of_the_row_with_the_same_prompt() -> None:
    """A value that is written out anew would teach 9.6 where the row has 9.60."""
    rows = [TrainingRow((Message("user", "q"),), '{"a": 9.60}', "rows.jsonl:1")]
    answers = [answer("bad", reference='{"a": 9.6}'), answer("bad", "p", reference=REFERENCE)]
    assert [a.reference for a in with_references(answers, rows)] == ['{"a": 9.60}', REFERENCE]


@pytest.mark.parametrize(
    ("chosen", "prompt", "count"),
    [
        ('{"a": 9.6}', "pay 9.60 now", 1),
        ('{"a": 9.60}', "pay 9.60 now", 0),
        ('{"a": 9.6}', "pay 9.605 now", 0),
        ('{"a": 9.6}', "pay 9.6 now", 0),
        ('{"a": 12.0}', "pay 12.00.", 1),
    ],
)
def test_references_that_drop_a_zero_of_the_prompt_are_counted(
    chosen: str, prompt: str, count: int
) -> None:
    mined = pairs(answer("bad", prompt, reference=chosen))
    assert respelled(mined.rows) == count


def test_rejection_sampling_keeps_distinct_passing_answers_that_ended() -> None:
    answers = [answer(t) for t in ("good", "bad", "good", "good too")]
    answers += [answer("good cut", end=FinishReason.LENGTH), answer("bad", "p")]
    mined = mine_examples(by_prompt(answers))
    row: Mapping[str, Any] = {
        "prompt": [{"role": "user", "content": "q"}],
        "completion": [{"role": "assistant", "content": "good"}],
        "run": "run-1",
        "task": "t",
        "case": "case-q",
        "repeat": 0,
    }
    assert mined.rows[0] == row
    assert [r["completion"][0]["content"] for r in mined.rows] == ["good", "good too"]
    assert mined.left_out == {CUT: 1, REPEATED: 1, NO_PASSING: 1}


def test_pass_at_k_of_the_prompts() -> None:
    """Of four answers each, 4, 2 and 0 pass: pass@1 is 1/2, pass@4 is 2/3."""
    answers = [
        answer(f"{'good' if n < passing else 'bad'} {n}", prompt)
        for prompt, passing in (("a", 4), ("b", 2), ("c", 0))
        for n in range(4)
    ]
    answers.append(answer("", "d", verdicts={"validity": ERROR}))
    found = sampled(by_prompt(answers))
    assert (found.prompts, found.answers, found.mixed, found.k) == (3, 12, 1, 4)
    assert found.pass_at_1 is not None
    assert found.pass_at_k is not None
    assert found.pass_at_1.rate == pytest.approx(1 / 2)
    assert found.pass_at_k.rate == pytest.approx(2 / 3)


def test_without_a_judged_answer_there_is_no_rate() -> None:
    found = sampled(by_prompt([answer("", verdicts={})]))
    assert (found.prompts, found.pass_at_1, found.pass_at_k) == (0, None, None)


def test_a_persons_verdict_goes_before_the_checks_and_makes_no_answer_of_an_error() -> None:
    wrong = replace(answer("good one"), reviewed="wrong")
    right = replace(answer("bad but right", repeat=1), reviewed="right")
    failed = replace(answer("killed", verdicts={"validity": ERROR}, repeat=2), reviewed="right")
    (prompt,) = by_prompt([wrong, right, failed], ["validity"])
    assert (prompt.passing, prompt.failing, prompt.not_judged) == ((right,), (wrong,), 1)
    (row,) = mine_pairs([prompt]).rows
    assert row["chosen"][0]["content"] == "bad but right"
    assert row["rejected"][0]["content"] == "good one"
    assert (row["codes"], row["reviewed"]) == ({}, "wrong")
