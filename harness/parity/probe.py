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
from harness.parity.logits import Rows

MOST_FIRST_STEP_BYTES = 64_000_000
"""Of the file of logits after whole prompts; of larger vocabularies fewer prompts are asked."""
Place = tuple[str, str, int, int]
"""Task, case id, repeat, and which pair of the chain: where two answers part."""


Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Opening:
    """One model of the chain, and how to open it."""

    model: ModelRef
    settings: EngineSettings
    weights_sha256: str | None = None
    """Those that answered, where it is known: other weights are not asked."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Where one of a model's answers parts from a neighbour's."""

    request: str
    """``Request.key``."""
    shared: tuple[int, ...]
    """The tokens of the answer up to there."""
    candidates: tuple[int, ...]
    """The tokens that the two put there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one model said."""

    reading: Tokenization
    first: Rows
    """Logits after whole prompts, by ``Request.key``."""
    partings: Rows
    """Logits where answers part, by Place."""
    texts: Mapping[int, str]
    """What the candidates decode to, and the tokens that the model likes best first."""
    weights_sha256: str | None = None


def ask(
    opening: Opening,
    requests: Sequence[Request],
    partings: Mapping[Place, Parting],
    folder: Path,
) -> Asked:
    """Open the model, ask it, end its process.

    Args:
        opening: which model.
        requests: what it is to read.
        partings: where answers part.
        folder: where the logits go: two files.

    Raises:
        HarnessError: it cannot be opened or asked, or its weights are not those that answered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generation = Generation(opening.model, opening.settings, stays_open=True)
    try:
        reading = generation.encode(requests)
        _hold_weights(opening, generation)
        prompts = {p.key: p for p in reading.prompts}
        first = _first_steps(reading)
        wanted = {
            place: _sequence(prompts[p.request], p)
            for place, p in partings.items()
            if p.request in prompts
        }
        context = reading.vocabulary.context
        sequences = {
            k: s for k, s in wanted.items() if s and (context is None or len(s) <= context)
        }
        steps = _rows(generation, {p.key: p.token_ids for p in first}, folder / "first.npy")
        ids = {i for parting in partings.values() for i in parting.candidates}
        return Asked(
            reading,
            steps,
            _rows(generation, sequences, folder / "partings.npy"),
            _texts(generation, reading, ids | set(steps.liked())),
            generation.model.weights_sha256 if generation.model else None,
        )
    finally:
        generation.close()


def _hold_weights(opening: Opening, generation: Generation) -> None:
    found = generation.model.weights_sha256 if generation.model else None
    if opening.weights_sha256 is not None and found != opening.weights_sha256:
        raise HarnessError(f"{opening.model}: its weights are not those that answered")


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


def _sequence(prompt: Prompt, parting: Parting) -> tuple[int, ...]:
    """What the model had read when it chose; nothing where it could not read the prompt."""
    return (*prompt.token_ids, *parting.shared) if prompt.token_ids else ()


def _rows(generation: Generation, sequences: Mapping[Key, Sequence[int]], path: Path) -> Rows:
    if sequences:
        generation.logits(list(sequences.values()), path)
    return Rows(path, tuple(sequences))


def _texts(generation: Generation, reading: Tokenization, ids: Iterable[int]) -> Mapping[int, str]:
    known = sorted(i for i in ids if i < reading.vocabulary.logits)
    return generation.encode((), known).texts if known else {}
