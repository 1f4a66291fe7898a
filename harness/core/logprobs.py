"""Log-probabilities of the tokens of an answer, each with its runner-up and its text.

All are of the model's own distribution: the softmax of its logits, before a grammar's mask, the
temperature, top-k, top-p and the repetition penalty. So they are the values of a plain forward pass
over the prompt and the answer, however the answer was decoded.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

CERTAIN = 0.9
"""Probability from which a token counts as certain: it is neither marked nor listed."""
DECIMALS = 4
"""Decimals that are kept of a log-probability: a ten-thousandth of the probability's value."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an answer that one token stands for, or several which share a character."""

    start: int
    end: int
    """Equal to ``start`` for the end token, which has no text."""
    logprob: float
    """Of all its tokens together."""
    runner_up: str
    """Text of the likeliest other token in the place of its least certain one."""
    runner_up_logprob: float

    @property
    def probability(self) -> float:
        return probability_of(self.logprob)

    @property
    def runner_up_probability(self) -> float:
        return probability_of(self.runner_up_logprob)


@dataclass(frozen=True, slots=True)
class Logprobs:
    """The columns have one entry for each generated token, the end token included."""

    lengths: tuple[int, ...]
    """Characters of the answer that end with each token; 0 for one whose characters end with a
    later token, and for the end token. Their sum is the length of the answer's text."""
    logprobs: tuple[float, ...]
    """Natural logarithms of each token's probability."""
    runner_ups: tuple[str, ...]
    """Text of the likeliest other token."""
    runner_up_logprobs: tuple[float, ...]
    mean: float
    """Mean of ``logprobs``."""
    least: int
    """Index of the least certain token."""

    @classmethod
    def of(
        cls,
        lengths: Sequence[int],
        logprobs: Sequence[float],
        runner_ups: Sequence[str],
        runner_up_logprobs: Sequence[float],
    ) -> "Logprobs | None":
        """Build with the summary; ``None`` without tokens, or where a value is no number."""
        if not logprobs or not all(map(math.isfinite, (*logprobs, *runner_up_logprobs))):
            return None
        own = _rounded(logprobs)
        return cls(
            tuple(lengths),
            own,
            tuple(runner_ups),
            _rounded(runner_up_logprobs),
            _mean(own),
            own.index(min(own)),
        )

    def cut(self, length: int) -> "Logprobs":
        """Those of the answer's first ``length`` characters; tokens beyond have no text."""
        left, kept = length, []
        for own in self.lengths:
            kept.append(min(own, left))
            left -= kept[-1]
        return replace(self, lengths=tuple(kept))

    def mistake(self, text: str) -> str | None:
        """One line that says why these cannot be of an answer's text; ``None`` where they can."""
        columns = (self.lengths, self.logprobs, self.runner_ups, self.runner_up_logprobs)
        if not self.logprobs or len({len(column) for column in columns}) > 1:
            return "its columns have other lengths"
        if min(self.lengths) < 0 or sum(self.lengths) != len(text):
            return f"lengths: are not of a text of {len(text)} characters"
        if not 0 <= self.least < len(self.logprobs):
            return f"least: there is no token {self.least}"
        return None

    def spans(self) -> Iterator[Span]:
        """The stretches of the answer in their order, the last one empty where its end has a token
        of its own."""
        first, start = 0, 0
        for i, length in enumerate(self.lengths):
            if length or i + 1 == len(self.lengths):
                yield self._span(first, i + 1, start, start + length)
                first, start = i + 1, start + length

    def _span(self, first: int, last: int, start: int, end: int) -> Span:
        least = min(range(first, last), key=lambda i: self.logprobs[i])
        return Span(
            start,
            end,
            sum(self.logprobs[first:last]),
            self.runner_ups[least],
            self.runner_up_logprobs[least],
        )


def probability_of(logprob: float) -> float:
    """The probability, at most 1 whatever a server or a file says."""
    return math.exp(min(logprob, 0.0))


def least_certain(logprobs: Logprobs, most: int) -> list[Span]:
    """At most ``most`` of the spans that are not certain, the least certain first."""
    found = (span for span in logprobs.spans() if span.probability < CERTAIN)
    return sorted(found, key=lambda span: span.logprob)[:most]


def parting(
    before: tuple[str, Logprobs], after: tuple[str, Logprobs]
) -> tuple[Span | None, Span | None] | None:
    """The tokens at which two answers part: those after the last place that both have between two
    tokens, with equal text before it. ``None`` of equal texts; ``None`` for the side that has no
    token there, since the token limit cut it off.
    """
    if before[0] == after[0]:
        return None
    left, right = (list(logprobs.spans()) for _, logprobs in (before, after))
    pairs = enumerate(zip(before[0], after[0], strict=False))
    alike = next((i for i, (b, a) in pairs if b != a), min(len(before[0]), len(after[0])))
    places = {s.start for s in left} | {len(before[0])}
    common = max(p for p in ({s.start for s in right} | {len(after[0])}) & places if p <= alike)
    return _at(left, common), _at(right, common)


def _at(spans: Sequence[Span], place: int) -> Span | None:
    return next((span for span in spans if span.start == place), None)


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    # Adding 0.0 makes 0 of -0.
    return tuple(round(min(value, 0.0), DECIMALS) + 0.0 for value in values)


def _mean(values: Sequence[float]) -> float:
    return round(math.fsum(values) / len(values), DECIMALS) + 0.0
