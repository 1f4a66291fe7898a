"""Says in a gate's decision which cases a side's model was trained on."""

from collections.abc import Iterator

from harness.core.trained import trained_share
from harness.gate.compare import Side
from harness.gate.decision import GateDecision


def trained_lines(decision: GateDecision) -> Iterator[str]:
    """``After: 12 of these 300 cases of json_extraction were trained on; their rates say nothing
    about new prompts.``"""
    for name, side in (("Before", decision.before), ("After", decision.after)):
        for text in _shares(side):
            yield f"{name}: {text}; their rates say nothing about new prompts."


def _shares(side: Side) -> Iterator[str]:
    model = side.model_record
    trained = (model.trained_cases if model else None) or {}
    for task, cases in trained.items():
        asked = {case for case, _, _ in side.samples(task)}
        if own := asked.intersection(cases):
            yield trained_share(len(own), len(asked), task)
