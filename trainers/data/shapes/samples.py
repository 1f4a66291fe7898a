"""A run's own ``samples.jsonl``: the answers of a model that passed every behavior."""

from collections.abc import Mapping
from typing import Any

from harness.core.completion import FinishReason
from harness.core.verdict import Outcome
from trainers.data.conversation import LeftOut, answer_text, messages_of, text_at, waiting
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    verdicts = value["verdicts"]
    if not isinstance(verdicts, Mapping):
        raise ValueError(f"verdicts must be an object, found {verdicts!r:.60}")
    outcomes = {name: text_at(verdicts, f"{name}.outcome") for name in verdicts}
    if wrong := [n for n, o in outcomes.items() if o not in (Outcome.PASSED, Outcome.SKIPPED)]:
        raise LeftOut(f"the answer fails {', '.join(wrong)}: no example to imitate")
    if Outcome.PASSED not in outcomes.values():
        raise LeftOut("the answer was not judged: no example to imitate")
    if text_at(value, "completion.finish_reason") != FinishReason.STOP:
        raise LeftOut("the answer was cut: no example to imitate")
    _require_no_tools(value, outcomes)
    prompt = waiting(messages_of(value["messages"], "messages"), "messages")
    return TrainingRow(prompt, answer_text(text_at(value, "completion.text"), "completion"), where)


def _require_no_tools(value: Mapping[str, Any], outcomes: Mapping[str, str]) -> None:
    """The tools that stood in the prompt are in the run's record, and in no line of its samples."""
    has_form = value["completion"].get("tool_form") is not None
    if has_form or outcomes.get("tool_call") == Outcome.PASSED:
        raise ValueError(
            "the prompt had tools, which samples do not hold: harness mine RUN "
            "--rejection-sampling -o FILE writes rows with them"
        )


SHAPE = Shape(
    "a run's samples",
    "examples",
    frozenset({"case_id", "messages", "completion", "verdicts"}),
    read,
    "the answers that passed every behavior are the completions",
)
