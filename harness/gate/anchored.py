"""Decides against a baseline and its anchor: the worse outcome counts.

A baseline that moves with every accepted change hides a small loss on each. The anchor stays, so
that the losses add up against it.
"""

from dataclasses import replace

from harness.gate.compare import Side
from harness.gate.decision import GateDecision, decide


def with_anchor(decision: GateDecision, anchor: Side, names: tuple[str, str]) -> GateDecision:
    """The decision against a baseline or that against its anchor, with the other beside it.

    Args:
        decision: against the baseline.
        anchor: the anchor's side.
        names: of the baseline and of the anchor, as a sentence names them.
    """
    found = decide(anchor, decision.after, decision.policy.anchored)
    anchored = replace(found, against=names[1])
    if anchored.outcome.severity > decision.outcome.severity:
        return replace(anchored, other=replace(decision, against=names[0]))
    return replace(decision, other=anchored)
