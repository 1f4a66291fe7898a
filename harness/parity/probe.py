"""Opens one model of a chain once and asks it all that parity wants to know of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.model import EngineSettings
from harness.engine.process import Generation
from harness.engine.tokenization import Prompt, Tokenization
from harness.parity.logits import LogitRows

MOST_FIRST_STEP_BYTES = 64_000_000
"""Of the file of logits after whole prompts; of larger vocabularies fewer prompts are asked."""
DivergenceKey = tuple[str, str, int, int]
"""Task, case id, repeat, and which pair of the chain: where two answers part."""


Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One model of the chain, and how to open it."""

    model: ModelRef
    settings: EngineSettings
    weights_sha256: str | None = None
    """Those that answered, where it is known: other weights are not asked."""


@dataclass(frozen=True, slots=True)
class DivergencePoint:
    """Where one of a model's answers parts from a neighbour's."""

    request: str
    """``Request.key``."""
    shared: tuple[int, ...]
    """The tokens of the answer up to there."""
    candidates: tuple[int, ...]
    """The tokens that the two put there."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one model said."""

    reading: Tokenization
    first: LogitRows
    """Logits after whole prompts, by ``Request.key``."""
    divergences: LogitRows
    """Logits where answers part, by Place."""
    texts: Mapping[int, str]
    """What the candidates decode to, and the tokens that the model likes best first."""
    weights_sha256: str | None = None


def probe(
    target: ProbeTarget,
    requests: Sequence[Request],
    divergences: Mapping[DivergenceKey, DivergencePoint],
    folder: Path,
) -> ProbeResult:
    """Open the model, ask it, end its process.

    Args:
        opening: which model.
        requests: what it is to read.
        divergences: where answers diverge.
        folder: where the logits go: two files.

    Raises:
        HarnessError: it cannot be opened or asked, or its weights are not those that answered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generation = Generation(target.model, target.settings, stays_open=True)
    try:
        reading = generation.encode(requests)
        _check_weights(target, generation)
        prompts = {p.key: p for p in reading.prompts}
        first = _first_steps(reading)
        wanted = {
            key: _sequence(prompts[p.request], p)
            for key, p in divergences.items()
            if p.request in prompts
        }
        context = reading.vocabulary.context
        sequences = {
            k: s for k, s in wanted.items() if s and (context is None or len(s) <= context)
        }
        steps = _rows(generation, {p.key: p.token_ids for p in first}, folder / "first.npy")
        ids = {i for point in divergences.values() for i in point.candidates}
        return ProbeResult(
            reading,
            steps,
            _rows(generation, sequences, folder / "divergences.npy"),
            _texts(generation, reading, ids | set(steps.top_tokens())),
            generation.model.weights_sha256 if generation.model else None,
        )
    finally:
        generation.close()


def _check_weights(target: ProbeTarget, generation: Generation) -> None:
    found = generation.model.weights_sha256 if generation.model else None
    if target.weights_sha256 is not None and found != target.weights_sha256:
        raise HarnessError(f"{target.model}: its weights are not those that answered")


def _first_steps(reading: Tokenization) -> list[Prompt]:
    """The prompts to ask for the first token, spread evenly over all where they are too many."""
    room = max(1, MOST_FIRST_STEP_BYTES // (4 * reading.vocabulary.logits))
    context = reading.vocabulary.context
    readable = [
        p
        for p in reading.prompts
        if p.token_ids and (context is None or len(p.token_ids) <= context)
    ]
    step = max(1, -(-len(readable) // room))
    return readable[::step]


def _sequence(prompt: Prompt, point: DivergencePoint) -> tuple[int, ...]:
    """What the model had read when it chose; nothing where it could not read the prompt."""
    return (*prompt.token_ids, *point.shared) if prompt.token_ids else ()


def _rows(generation: Generation, sequences: Mapping[Key, Sequence[int]], path: Path) -> LogitRows:
    if sequences:
        generation.logits(list(sequences.values()), path)
    return LogitRows(path, tuple(sequences))


def _texts(generation: Generation, reading: Tokenization, ids: Iterable[int]) -> Mapping[int, str]:
    known = sorted(i for i in ids if i < reading.vocabulary.logits)
    return generation.encode((), known).texts if known else {}
