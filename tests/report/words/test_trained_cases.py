"""The gate's decision says which cases a side was trained on."""

from dataclasses import replace

from harness.report.words.decision import explanation
from harness.report.words.trained_cases import trained_lines
from tests.gating import gate, pair

LINE = (
    "After: 2 of these 100 cases of json_extraction were trained on; their rates say nothing about "
    "new prompts."
)


def test_trained_cases_are_said_and_unasked_ones_are_not() -> None:
    before, after = pair(100)
    cases = (*(s.case_id for s in after.samples[:2]), "another")
    model = replace(after.models[-1], trained_cases={after.samples[0].task: cases})
    decision = gate(before, replace(after, models=(*after.models[:-1], model)))
    assert [*trained_lines(decision)] == [LINE]
    assert LINE in [*explanation(decision)]
    assert [*trained_lines(gate(before, after))] == []
