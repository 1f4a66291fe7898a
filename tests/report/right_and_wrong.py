"""A run whose answers are judged for their values too: the format is right, the value often not."""

from dataclasses import replace

from harness.core.case import Message
from harness.core.record import RunRecord, Sample
from harness.core.verdict import FailureCode, Verdict
from tests.synthetic import ADAPTER, BASE, fenced, good, record_of, result, sample, values

RIGHT = "exact_fields"
SYSTEM = "You extract \U0001f600 fields."
WRONG = Verdict.failed(FailureCode.WRONG_VALUE, '/name: expected "Ada", found "Adam"', (1, 3))
HOW = {
    "right": (good, Verdict.passed()),
    "wrong": (good, WRONG),
    "unreferenced": (good, Verdict.skipped("the case has no reference")),
    "fenced right": (fenced, Verdict.passed()),
    "fenced wrong": (fenced, WRONG),
}
PAIRS = (
    ("right", "wrong"),
    ("fenced wrong", "right"),
    ("fenced wrong", "wrong"),
    ("fenced right", "wrong"),
    ("fenced right", "right"),
    ("unreferenced", "unreferenced"),
)
"""How a case is answered before and after: by ``exact_fields`` it broke, was fixed, still fails,
broke, still passes, is not judged."""


def answered(model: str, number: int, how: str) -> Sample:
    make, right = HOW[how]
    value = values(number)[-1]
    found = sample(model, number, value, make(value))
    messages = (Message("system", SYSTEM), *found.messages)
    return replace(found, messages=messages, verdicts={**found.verdicts, RIGHT: right})


def right_and_wrong(times: int = 1, models: tuple[str, ...] = (BASE, ADAPTER)) -> RunRecord:
    """The pairs ``times`` times over, with chat prompts; a third model answers as the second."""
    cases = [pair for _ in range(times) for pair in PAIRS]
    found = [
        (ref, [answered(ref, n, pair[min(side, 1)]) for n, pair in enumerate(cases, 1)])
        for side, ref in enumerate(models)
    ]
    run = record_of((ref, [without_right(s) for s in answers]) for ref, answers in found)
    more = [result(ref, RIGHT, [s.verdicts[RIGHT] for s in answers]) for ref, answers in found]
    samples = tuple(s for _, answers in found for s in answers)
    return replace(run, results=(*run.results, *more), samples=samples)


def without_right(found: Sample) -> Sample:
    """The sample as the composite sees it, which does not require the right value."""
    return replace(found, verdicts={b: v for b, v in found.verdicts.items() if b != RIGHT})
