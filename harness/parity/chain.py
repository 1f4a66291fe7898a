"""``parity_of`` compares the models of a run pairwise, along the chain in which they were made."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.core.record import ModelRecord, RunRecord
from harness.model_files.gguf_header import DamagedGguf, read_gguf_header
from harness.model_files.provenance_keys import SOURCE_WEIGHTS_SHA256
from harness.parity.answers import compare_answers
from harness.parity.logits import compare_first_steps, margin, preference
from harness.parity.pair import TaskParity
from harness.parity.probe import DivergenceKey, DivergencePoint, ProbeResult, ProbeTarget, probe
from harness.parity.tokenization import compare_tokenizations
from harness.parity.values import (
    AnswerParity,
    Divergence,
    FirstStep,
    ModelMeasure,
    PairParity,
    Parity,
    TokenText,
)

OnModel = Callable[[str], None]
"""Called with the ref of each model before it is opened."""


def parity_of(
    record: RunRecord,
    targets: Mapping[str, ProbeTarget],
    measures: Sequence[ModelMeasure],
    on_model: OnModel = lambda ref: None,
) -> Parity:
    """Compare each model of a run with the next one.

    Args:
        record: the run, its models in the order of the chain.
        targets: how to open each model, by ``ModelRecord.ref``; models without one are not probed.
        measures: size, memory and speed of each model, in the order of the chain.
        on_model: called before each model is opened.
    """
    pairs = _pairs(record)
    probed: dict[str, ProbeResult] = {}
    errors: dict[str, str] = {}
    requests = requests_of(record)
    with tempfile.TemporaryDirectory() as folder:
        for number, model in enumerate(record.models):
            if (target := targets.get(model.ref)) is None or model.error is not None:
                continue
            on_model(model.ref)
            divergences = _divergence_points(record, pairs, model.ref)
            try:
                probed[model.ref] = probe(target, requests, divergences, Path(folder) / str(number))
            except HarnessError as error:
                errors[model.ref] = str(error)
        measured = tuple(
            _measured(record, pair, number, probed, errors) for number, pair in enumerate(pairs)
        )
    return Parity(record.id, tuple(measures), measured)


def requests_of(record: RunRecord) -> tuple[Request, ...]:
    """The distinct requests of a run."""
    tasks = {task.name: task for task in record.tasks}
    requests = (tasks[s.task].request(s) for s in record.samples if s.task in tasks and s.messages)
    return tuple({request.key: request for request in requests}.values())


def compare_task(
    before: ModelRef,
    after: ModelRef,
    old: ProbeResult,
    new: ProbeResult,
    requests: Mapping[str, Request],
) -> TaskParity:
    """Compare two models' tokenization and first token on some of the probed requests, by key."""
    cases = {key: (r.task, r.case_id) for key, r in requests.items()}
    return TaskParity(
        str(before),
        str(after),
        is_copy(before, after, old.weights_sha256),
        compare_tokenizations(old.tokenization, new.tokenization, cases),
        _with_texts(compare_first_steps(old.first, new.first, cases), old, new),
    )


def is_copy(before: ModelRef, after: ModelRef, weights_sha256: str | None) -> bool:
    """True if ``after`` is a merged or converted form of ``before``.

    A ``merged:`` or ``gguf:`` model counts as made from the model before it, unless that is a base.
    After a base, only a GGUF counts whose metadata names the base's ``weights_sha256``.
    """
    if after.kind not in ("merged", "gguf"):
        return False
    if before.kind != "base":
        return True
    if after.kind != "gguf" or weights_sha256 is None:
        return False
    try:
        header = read_gguf_header(Path(after.location))
    except DamagedGguf:
        return False
    return header.text(SOURCE_WEIGHTS_SHA256) == weights_sha256


@dataclass(frozen=True, slots=True)
class _Pair:
    before: ModelRecord
    after: ModelRecord
    answers: tuple[AnswerParity, ...]


def _pairs(record: RunRecord) -> list[_Pair]:
    """Adjacent models of the chain; models that did not answer are skipped."""
    models = [m for m in record.models if m.error is None]
    return [
        _Pair(
            old,
            new,
            tuple(compare_answers(record, old.ref, new.ref, task.name) for task in record.tasks),
        )
        for old, new in pairwise(models)
    ]


def _divergence_points(
    record: RunRecord, pairs: Sequence[_Pair], ref: str
) -> dict[DivergenceKey, DivergencePoint]:
    """The points at which a model's answers diverge from those of its neighbours in the chain."""
    samples = {(s.task, s.case_id, s.repeat): s for s in record.samples if s.model == ref}
    found: dict[DivergenceKey, DivergencePoint] = {}
    for number, pair in enumerate(pairs):
        if ref not in (pair.before.ref, pair.after.ref):
            continue
        for answers in pair.answers:
            for d in answers.divergences:
                sample = samples[answers.task, d.case_id, d.repeat]
                found[answers.task, d.case_id, d.repeat, number] = DivergencePoint(
                    Request(answers.task, d.case_id, (), Sampling(), d.repeat).key,
                    sample.completion.token_ids[: d.position],
                    tuple(t.id for t in (d.before, d.after) if t is not None),
                )
    return found


def _measured(
    record: RunRecord,
    pair: _Pair,
    number: int,
    probed: Mapping[str, ProbeResult],
    errors: Mapping[str, str],
) -> PairParity:
    refs = (pair.before.ref, pair.after.ref)
    before_ref, after_ref = (ModelRef.parse(ref) for ref in refs)
    is_same = is_copy(before_ref, after_ref, pair.before.weights_sha256)
    known = PairParity(*refs, is_same, answers=pair.answers)
    if not all(ref in probed for ref in refs):
        reasons = [errors.get(ref, f"{ref} was not opened") for ref in refs if ref not in probed]
        return replace(known, notes=tuple(f"not measured: {reason}" for reason in reasons))
    before, after = probed[refs[0]], probed[refs[1]]
    cases = {r.key: (r.task, r.case_id) for r in requests_of(record)}
    return replace(
        known,
        reading=compare_tokenizations(before.tokenization, after.tokenization, cases),
        first_step=_with_texts(
            compare_first_steps(before.first, after.first, cases), before, after
        ),
        answers=tuple(
            replace(
                answers,
                divergences=tuple(
                    _with_margins(d, (answers.task, d.case_id, d.repeat, number), before, after)
                    for d in answers.divergences
                ),
            )
            for answers in pair.answers
        ),
    )


def _with_texts(
    step: FirstStep | None, before: ProbeResult, after: ProbeResult
) -> FirstStep | None:
    """The first step with token texts, where they are known."""
    if step is None:
        return None
    return replace(
        step,
        mismatches=tuple(
            replace(
                m, before=_with_text(m.before, before.texts), after=_with_text(m.after, after.texts)
            )
            for m in step.mismatches
        ),
    )


def _with_text(token: TokenText, texts: Mapping[int, str]) -> TokenText:
    return replace(token, text=texts.get(token.id))


def _with_margins(
    found: Divergence, key: DivergenceKey, before: ProbeResult, after: ProbeResult
) -> Divergence:
    """The divergence with token texts, and with the margin of each model's own token."""
    old = found.before and _with_text(found.before, before.texts)
    new = found.after and _with_text(found.after, after.texts)
    found = replace(found, before=old, after=new)
    if key not in before.divergences.keys or key not in after.divergences.keys:
        return found
    left, right = before.divergences.row(key), after.divergences.row(key)
    if old is not None and old.id < len(left):
        found = replace(found, margin_before=margin(left, old.id))
    if new is not None and new.id < len(right):
        found = replace(found, margin_after=margin(right, new.id))
    if old is None or new is None or max(old.id, new.id) >= min(len(left), len(right)):
        return found
    return replace(
        found, shift=preference(left, old.id, new.id) + preference(right, new.id, old.id)
    )
