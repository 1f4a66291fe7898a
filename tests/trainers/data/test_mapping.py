"""Rows of any keys are read by the paths that the user gives."""

import pytest

from harness.core.case import Message
from trainers.data.mapping import Fields

VALUE = {"task": {"description": "Add"}, "agent": {"role": "coder"}, "execution": {"output": "1"}}


def fields(**changes: object) -> Fields:
    values = {"prompt": "task.description", "completion": "execution.output", **changes}
    return Fields(**values)  # type: ignore[arg-type]


def test_paths_lead_to_the_texts() -> None:
    row = fields(system="agent.role").read(VALUE, "f:1")
    assert row.prompt == (Message("system", "coder"), Message("user", "Add"))
    assert row.completion == "1"


def test_a_name_stands_for_its_system_message() -> None:
    named = fields(system="agent.role", systems={"coder": "You write code."})
    assert named.read(VALUE, "f:1").prompt[0] == Message("system", "You write code.")
    with pytest.raises(ValueError, match=r"agent.role is 'x', for which no --system was given"):
        named.read({**VALUE, "agent": {"role": "x"}}, "f:1")


def test_a_path_that_leads_nowhere_is_said() -> None:
    with pytest.raises(ValueError, match=r"has no task.text"):
        fields(prompt="task.text").read(VALUE, "f:1")
    with pytest.raises(ValueError, match="task must be text"):
        fields(prompt="task").read(VALUE, "f:1")
