"""Makes training rows of a model's judged answers: preference pairs of a failing answer and a
passing one, or the passing answers themselves (rejection sampling).

Values in, values out: ``trainers.data.judged_answers`` reads runs and logs.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.composite import composite
from harness.core.review import ReviewerVerdict
from harness.core.tools import tools_of
from harness.core.verdict import JUDGED, Outcome
from harness.stats.repeats import Estimate, Repeated, pass_at_k
from harness.tasks.judging import VerdictMap
from harness.tasks.task import Task
from trainers.data.calls import server_turn
from trainers.data.leaks import find_leaks
from trainers.data.row_text import user_text
from trainers.data.rows import TrainingRow

NO_FAILING = "prompts without a failing answer"
NO_PASSING = "prompts without a passing answer"
NOT_JUDGED = "answers that are not judged"
REPEATED = "answers that repeat another one"
UNREADABLE = "answers that are empty or no text"
SAME_TEXT = "answers that differ from the chosen one by their end alone"
CUT = "passing answers that reached the token limit"
READ_BY_SERVER = "prompts with calls that a server read, of which the model's own text is not known"

_SURROGATE = re.compile("[\ud800-\udfff]")
_FRACTION = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One answer of the model to one prompt, with its verdicts."""

    source: str
    """Id of the run, or name of the log."""
    task: str
    """Empty for a line of a log that no task judges."""
    case: Case
    completion: Completion
    verdicts: VerdictMap
    required: tuple[str, ...]
    """Behaviors that an answer must pass to be learnt from."""
    reference: str | None
    """The case's reference as an answer; ``None`` where it has none."""
    judge: Callable[[Completion], VerdictMap]
    """Judges another answer to the case."""
    is_suite_case: bool = False
    """The prompt is a case by which the gate decides."""
    reviewed: ReviewerVerdict | None = None
    """A person's verdict, which goes before those of the checks."""
    tools: str = ""
    """The tools that stood in the prompt, as JSON text."""


@dataclass(frozen=True, slots=True)
class PromptAnswers:
    """All answers to one prompt."""

    passing: tuple[JudgedAnswer, ...]
    """Those that pass all behaviors: the required ones and those asked for."""
    failing: tuple[JudgedAnswer, ...]
    """Those that fail at least one of them."""
    rejected: tuple[JudgedAnswer, ...]
    """Failing answers that fail a behavior asked for; all of them where none is asked for."""
    not_judged: int
    """Answers that are errors, or that are skipped by every behavior."""
    behaviors: tuple[str, ...]
    """The behaviors asked for."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """The rates at which the model's answers pass, over prompts."""

    prompts: int
    """Prompts with a judged answer."""
    answers: int
    """Judged answers."""
    mixed: int
    """Prompts with both passing and failing answers."""
    k: int
    """Fewest judged answers of a prompt."""
    pass_at_1: Estimate | None
    pass_at_k: Estimate | None
    """The share of prompts of which any of k answers passes."""


@dataclass(frozen=True, slots=True)
class Mined:
    """Training rows, and the reasons for which prompts and answers gave none."""

    rows: tuple[Mapping[str, Any], ...]
    prompts: int
    """Prompts that gave a row."""
    left_out: Mapping[str, int]
    """Number of prompts or answers by reason."""


def by_prompt(
    answers: Iterable[JudgedAnswer], behaviors: Sequence[str] = ()
) -> list[PromptAnswers]:
    """Group answers by task and prompt, in the order of their first answers."""
    groups: dict[object, list[JudgedAnswer]] = {}
    for answer in answers:
        groups.setdefault((answer.task, answer.case.messages, answer.tools), []).append(answer)
    return [_judged(group, tuple(behaviors)) for group in groups.values()]


def marked(answers: Iterable[JudgedAnswer], tasks: Iterable[Task]) -> Iterator[JudgedAnswer]:
    """The answers, those to prompts that are like a case of these tasks marked as answers to suite
    cases, by the rule of the leak check that a training makes."""
    found = [*answers]
    # Each prompt once: words of one that is repeated would count as the template's.
    prompts = list(dict.fromkeys(answer.case.messages for answer in found))
    own = {prompts[row] for leak in find_leaks(prompts, tasks) for row in leak.rows}
    for answer in found:
        yield replace(answer, is_suite_case=answer.is_suite_case or answer.case.messages in own)


def with_references(
    answers: Iterable[JudgedAnswer], rows: Iterable[TrainingRow]
) -> Iterator[JudgedAnswer]:
    """The answers, with the completion of the first row of the same prompt for a reference.

    A case's reference is a value: where it is written out, a number loses how it was spelled, and
    9.60 is taught as 9.6. Calls have no text before a chat template writes them: of these the
    case's reference stays.
    """
    texts: dict[str, str] = {}
    for row in rows:
        if not row.calls:
            texts.setdefault(user_text(row.prompt), row.completion)
    for answer in answers:
        yield replace(answer, reference=texts.get(answer.case.prompt, answer.reference))


def respelled(rows: Iterable[Mapping[str, Any]]) -> int:
    """The number of pairs whose chosen reference drops the zeros of a number in the prompt."""
    return sum(
        row["chosen_from"] == "reference"
        and any(
            re.search(rf"(?<![\d.]){re.escape(number)}0+(?!\d)", message["content"])
            for number in _FRACTION.findall(row["chosen"][0]["content"])
            for message in row["prompt"]
        )
        for row in rows
    )


def sampled(prompts: Iterable[PromptAnswers]) -> Sampled:
    """pass@1 and pass@k of the prompts with judged answers; cases of one wording are a cluster."""
    judged = [p for p in prompts if p.passing or p.failing]
    cases = [
        Repeated(
            len(p.passing),
            len(p.passing) + len(p.failing),
            (*p.passing, *p.failing)[0].case.template,
        )
        for p in judged
    ]
    k = min((case.repeats for case in cases), default=0)
    return Sampled(
        prompts=len(cases),
        answers=sum(case.repeats for case in cases),
        mixed=sum(0 < case.passed < case.repeats for case in cases),
        k=k,
        pass_at_1=pass_at_k(cases, 1),
        pass_at_k=pass_at_k(cases, k) if k else None,
    )


def mine_pairs(prompts: Iterable[PromptAnswers]) -> Mined:
    """A preference pair for each distinct failing answer.

    The chosen answers are the prompt's passing ones in turn, else the case's reference where it
    passes.
    """

    def rows(prompt: PromptAnswers, left_out: Counter[str]) -> Iterator[Mapping[str, Any]]:
        if not prompt.rejected:
            left_out[NO_FAILING] += 1
            return
        if any(map(_has_read_calls, (*prompt.passing, *prompt.rejected))):
            left_out[READ_BY_SERVER] += 1
            return
        chosen = [a.completion.text for a in _learnable(prompt.passing, left_out)]
        origin = "sibling" if chosen else "reference"
        chosen = chosen or list(_reference(prompt))
        if not chosen:
            left_out[NO_PASSING] += 1
            return
        turns = cycle(chosen)
        for answer in _distinct(prompt.rejected, left_out):
            better = next(turns)
            if better == answer.completion.text:
                left_out[SAME_TEXT] += 1
            else:
                yield _pair(answer, better, origin, prompt.behaviors)

    return _mined(prompts, rows)


def mine_examples(prompts: Iterable[PromptAnswers]) -> Mined:
    """A row of prompt and completion for each distinct passing answer that ended by itself."""

    def rows(prompt: PromptAnswers, left_out: Counter[str]) -> Iterator[Mapping[str, Any]]:
        if not prompt.passing:
            left_out[NO_PASSING] += 1
        for answer in _learnable(prompt.passing, left_out):
            text = answer.completion.text
            turn = server_turn(text) if answer.tools else None
            message = [turn] if turn else _message(text)
            yield {**_prompt(answer), "completion": message, **_origin(answer)}

    return _mined(prompts, rows)


def _mined(
    prompts: Iterable[PromptAnswers],
    rows: Callable[[PromptAnswers, Counter[str]], Iterator[Mapping[str, Any]]],
) -> Mined:
    left_out = Counter[str]()
    found: list[Mapping[str, Any]] = []
    giving = 0
    for prompt in prompts:
        left_out[NOT_JUDGED] += prompt.not_judged
        if not (prompt.passing or prompt.failing):
            continue
        before = len(found)
        found += rows(prompt, left_out)
        giving += len(found) > before
    return Mined(tuple(found), giving, {why: n for why, n in left_out.items() if n})


def _judged(answers: Sequence[JudgedAnswer], behaviors: tuple[str, ...]) -> PromptAnswers:
    outcomes = [outcome_of(a, behaviors) for a in answers]
    failing = tuple(a for a, o in zip(answers, outcomes, strict=True) if o is Outcome.FAILED)
    return PromptAnswers(
        passing=tuple(a for a, o in zip(answers, outcomes, strict=True) if o is Outcome.PASSED),
        failing=failing,
        rejected=tuple(
            a
            for a in failing
            if a.reviewed or _outcome(a.verdicts, behaviors or a.required) is Outcome.FAILED
        ),
        not_judged=sum(outcome not in JUDGED for outcome in outcomes),
        behaviors=behaviors,
    )


def outcome_of(answer: JudgedAnswer, behaviors: Iterable[str] = ()) -> Outcome | None:
    """A person's verdict on the answer, else that of its required behaviors and these. No verdict
    makes an answer of an error."""
    checked = _outcome(answer.verdicts, (*answer.required, *behaviors))
    if answer.reviewed is None or checked is Outcome.ERROR:
        return checked
    return Outcome.PASSED if answer.reviewed == "right" else Outcome.FAILED


def _outcome(verdicts: VerdictMap, behaviors: Iterable[str]) -> Outcome | None:
    verdict = composite(verdicts, behaviors)
    return None if verdict is None else verdict.outcome


def _reference(prompt: PromptAnswers) -> Iterator[str]:
    """The reference of the prompt's case, where it passes what an answer must."""
    case = prompt.rejected[0]
    if case.reference is not None and _is_text(case.reference):
        verdicts = case.judge(Completion(case.reference, case_id=case.case.id))
        if _outcome(verdicts, (*case.required, *prompt.behaviors)) is Outcome.PASSED:
            yield case.reference


def _has_read_calls(answer: JudgedAnswer) -> bool:
    return bool(answer.tools) and server_turn(answer.completion.text) is not None


def _learnable(answers: Iterable[JudgedAnswer], left_out: Counter[str]) -> Iterator[JudgedAnswer]:
    """Distinct answers that a model may learn to end with an end token."""
    ended = [a for a in answers if a.completion.finish_reason is FinishReason.STOP]
    left_out[CUT] += len(list(answers)) - len(ended)
    return _distinct(ended, left_out)


def _distinct(answers: Iterable[JudgedAnswer], left_out: Counter[str]) -> Iterator[JudgedAnswer]:
    """The first of answers with the same text and the same end, and only those with a text."""
    seen = set[tuple[str, FinishReason]]()
    for answer in answers:
        key = (answer.completion.text, answer.completion.finish_reason)
        if not _is_readable(answer):
            left_out[UNREADABLE] += 1
        elif key in seen:
            left_out[REPEATED] += 1
        else:
            seen.add(key)
            yield answer


def _is_readable(answer: JudgedAnswer) -> bool:
    prompt = (message.content for message in answer.case.messages)
    return _is_text(answer.completion.text) and not any(map(_SURROGATE.search, prompt))


def _is_text(text: str) -> bool:
    """False for an empty text, and for half of a surrogate pair, which no tokenizer reads."""
    return bool(text) and not _SURROGATE.search(text)


def _pair(
    answer: JudgedAnswer, chosen: str, origin: str, behaviors: tuple[str, ...]
) -> Mapping[str, Any]:
    completion = answer.completion
    row: dict[str, Any] = {
        **_prompt(answer),
        "chosen": _message(chosen),
        "rejected": _message(completion.text),
    }
    if completion.token_ids:
        row["rejected_ids"] = list(completion.token_ids)
    return row | {
        "is_cut": completion.finish_reason is FinishReason.LENGTH,
        "chosen_from": origin,
        "codes": dict(_codes(answer, behaviors)),
        **_origin(answer),
    }


def _codes(answer: JudgedAnswer, behaviors: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The failure code of each behavior that the answer had to pass and fails."""
    for name in dict.fromkeys((*answer.required, *behaviors)):
        verdict = answer.verdicts.get(name)
        if verdict is not None and verdict.outcome is Outcome.FAILED and verdict.code:
            yield name, verdict.code.value


def _origin(answer: JudgedAnswer) -> Mapping[str, Any]:
    """Keys by which a row is traced to its answer."""
    place: dict[str, Any] = {
        "run": answer.source,
        "task": answer.task,
        "case": answer.case.id,
        "repeat": answer.completion.repeat,
    }
    place |= {"reviewed": answer.reviewed} if answer.reviewed else {}
    return place | ({"is_suite_case": True} if answer.is_suite_case else {})


def _prompt(answer: JudgedAnswer) -> dict[str, Any]:
    prompt = [{"role": m.role, "content": m.content} for m in answer.case.messages]
    told = {"tools": tools_of(answer.tools)} if answer.tools else {}
    return {"prompt": prompt, **told}


def _message(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]
