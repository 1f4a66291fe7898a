"""Runs whose answers have log-probabilities, drawn from a seed."""

import random
from collections.abc import Sequence
from dataclasses import replace

from harness.core.logprobs import Logprobs
from harness.core.record import RunRecord
from tests.report.hostile import HOSTILE

RUNNER_UPS = (",", "}", ' "', "\n\n", "�", "the", *HOSTILE)


def logprobs_of(
    text: str, seed: object, runner_ups: Sequence[str] = RUNNER_UPS, share: float = 0.2
) -> Logprobs:
    """Tokens of up to four characters and an end token; a ``share`` of them is uncertain."""
    chance, lengths = random.Random(ascii(f"{seed}{len(text)}")), list[int]()
    left = len(text)
    while left > 0:
        lengths.append(min(left, chance.randint(0, 4)))
        left -= lengths[-1]
    values = [chance.uniform(-4, -0.2) if chance.random() < share else -1e-4 for _ in lengths]
    drawn = [chance.choice(runner_ups) for _ in lengths]
    made = Logprobs.of([*lengths, 0], [*values, -0.5], [*drawn, "}"], [-1.5] * (len(lengths) + 1))
    assert made is not None
    return made


def with_logprobs(run: RunRecord, share: float = 0.2) -> RunRecord:
    """The run with log-probabilities of every answer."""
    samples = tuple(
        replace(
            s,
            completion=replace(
                s.completion, logprobs=logprobs_of(s.completion.text, s.case_id, share=share)
            ),
        )
        for s in run.samples
    )
    return replace(run, samples=samples)
