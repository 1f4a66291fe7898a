"""The answer to "what else broke?": how the kept skills fared, in one line."""

from collections.abc import Iterator, Sequence

from harness.gate.decision import GateDecision, TaskDecision
from harness.gate.outcome import GateOutcome
from harness.report.words import numbers as words


def kept_lines(decision: GateDecision) -> Iterator[str]:
    """``What else broke, of 4 kept skills (margin 10 points): kept_format, 41.7% to 3.3%. Held:
    kept_plain, 46.7% to 45.0%.``; none where no kept skill was compared."""
    kept = sorted((t for t in decision.tasks if t.is_kept), key=lambda t: t.task)
    if not kept:
        return
    of = {o: [t for t in kept if t.outcome is o] for o in GateOutcome}
    undecided, held = of[GateOutcome.INCONCLUSIVE], of[GateOutcome.PASS]
    broke = _listed(of[GateOutcome.REGRESSION])
    found = broke or ("nothing for sure" if undecided else "nothing")
    margin = f"margin {kept[0].policy.margin * 100:.3g} points"
    which = f"of {words.plural(len(kept), 'kept skill')} ({margin})"
    rest = [
        f" {name}: {_listed(t)}." for name, t in (("Not decided", undecided), ("Held", held)) if t
    ]
    yield f"What else broke, {which}: {found}.{''.join(rest)}"


def _listed(tasks: Sequence[TaskDecision]) -> str:
    """``kept_plain, 46.7% to 38.3%; kept_honesty, 31.7%``."""
    return "; ".join(f"{task.task}, {_rates(task)}" for task in tasks)


def _rates(task: TaskDecision) -> str:
    before, after = words.percent(task.composite.before), words.percent(task.composite.after)
    return f"{before} to {after}" if before != after else f"{after} on both sides"
