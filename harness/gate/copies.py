"""Tells answers that were generated again from those that a run took from another.

What flips between two runs of one model is its noise only where both generated their answers: one
that came out of the store of completions is the other's own, and cannot flip.
"""

from harness.core.record import Sample
from harness.gate.compare import Side


def holds_copies(before: Side, again: Side) -> bool:
    """True where the sides are two runs of one model, and any answer of one is that of the other,
    or both are a third run's."""
    if before.record is again.record or not is_same_model(before, again):
        return False
    for name in (task.name for task in before.record.tasks):
        others = again.samples(name)
        for key, sample in before.samples(name).items():
            if key in others and _run_of(before, sample) == _run_of(again, others[key]):
                return True
    return False


def is_same_model(before: Side, after: Side) -> bool:
    """True where both sides have the same weights; where those are not known, the same name."""
    was, now = before.model_record, after.model_record
    if was is None or now is None or was.weights_sha256 is None or now.weights_sha256 is None:
        return before.model == after.model
    return was.weights_sha256 == now.weights_sha256


def _run_of(side: Side, sample: Sample) -> str:
    origin = sample.completion.origin
    return origin.run if origin else side.record.id
