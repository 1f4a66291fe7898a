"""Opens one model of a chain once and collects its tokenization and its logits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.model import EngineSettings
from harness.engine.process import RemoteModel
from harness.engine.tokenization import Prompt, Tokenization
from harness.parity.logits import LogitRows

MAX_FIRST_STEP_BYTES = 64_000_000
"""Largest size of the file of logits after whole prompts; larger vocabularies get fewer prompts."""
DivergenceKey = tuple[str, str, int, int]
"""Task, case id, repeat, and the index of the pair in the chain."""


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One model of the chain, and how to open it."""

    model: ModelRef
    settings: EngineSettings
    weights_sha256: str | None = None
    """Hash of the weights that answered, where it is known; other weights are refused."""


@dataclass(frozen=True, slots=True)
class DivergencePoint:
    """The position at which one of a model's answers diverges from a neighbour's."""

    request: str
    """``Request.key``."""
    shared: tuple[int, ...]
    """Tokens of the answer before the divergence."""
    candidates: tuple[int, ...]
    """The two models' tokens at the divergence."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Tokenization and logits of one model."""

    tokenization: Tokenization
    first: LogitRows
    """Logits after whole prompts, by ``Request.key``."""
    divergences: LogitRows
    """Logits at divergences, by ``DivergenceKey``."""
    texts: Mapping[int, str]
    """Decoded text of the candidates and of the model's likeliest first tokens, by id."""
    weights_sha256: str | None = None


def probe(
    target: ProbeTarget,
    requests: Sequence[Request],
    divergences: Mapping[DivergenceKey, DivergencePoint],
    folder: Path,
) -> ProbeResult:
    """Open the model, collect its tokenization and logits, end its process.

    Logits are those after the prompts and at the ``divergences``; ``folder`` receives them, in two
    files.

    Raises:
        HarnessError: it cannot be opened or probed, or its weights are not those that answered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remote = RemoteModel(target.model, target.settings, stays_open=True)
    try:
        tokenization = remote.encode(requests)
        _check_weights(target, remote)
        prompts = {p.key: p for p in tokenization.prompts}
        first = _first_steps(tokenization)
        sequences = {
            key: (*prompts[p.request].token_ids, *p.shared)
            for key, p in divergences.items()
            if p.request in prompts and _is_readable(prompts[p.request], tokenization, p.shared)
        }
        steps = _rows(remote, {p.key: p.token_ids for p in first}, folder / "first.npy")
        ids = {i for point in divergences.values() for i in point.candidates}
        return ProbeResult(
            tokenization,
            steps,
            _rows(remote, sequences, folder / "divergences.npy"),
            _texts(remote, tokenization, ids | set(steps.top_tokens())),
            remote.model.weights_sha256 if remote.model else None,
        )
    finally:
        remote.close()


def _check_weights(target: ProbeTarget, remote: RemoteModel) -> None:
    found = remote.model.weights_sha256 if remote.model else None
    if target.weights_sha256 is not None and found != target.weights_sha256:
        raise HarnessError(f"{target.model}: its weights are not those that answered")


def _first_steps(tokenization: Tokenization) -> list[Prompt]:
    """Prompts whose first token is compared: evenly spaced ones where all are too many."""
    room = max(1, MAX_FIRST_STEP_BYTES // (4 * tokenization.vocabulary.logits))
    readable = [p for p in tokenization.prompts if _is_readable(p, tokenization)]
    step = max(1, -(-len(readable) // room))
    return readable[::step]


def _is_readable(prompt: Prompt, tokenization: Tokenization, answer: Sequence[int] = ()) -> bool:
    """The prompt has tokens, and fits into the context with the tokens of the answer."""
    context, tokens = tokenization.vocabulary.context, len(prompt.token_ids)
    return bool(tokens) and (context is None or tokens + len(answer) <= context)


def _rows(remote: RemoteModel, sequences: Mapping[Any, Sequence[int]], path: Path) -> LogitRows:
    if sequences:
        remote.logits(list(sequences.values()), path)
    return LogitRows(path, tuple(sequences))


def _texts(
    remote: RemoteModel, tokenization: Tokenization, ids: Iterable[int]
) -> Mapping[int, str]:
    known = sorted(i for i in ids if i < tokenization.vocabulary.logits)
    return remote.encode((), known).texts if known else {}
