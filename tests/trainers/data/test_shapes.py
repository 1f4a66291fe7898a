"""Each shape that people bring is known by its keys and read as a prompt and its completion."""

from typing import Any

import pytest

from harness.core.case import Message
from trainers.data.conversation import LeftOut
from trainers.data.pairs import PreferenceRow
from trainers.data.rows import TrainingRow
from trainers.data.shapes import fitting, listing

SYSTEM, USER, ANSWER = (
    {"role": role, "content": text}
    for role, text in (("system", "s"), ("user", "q"), ("assistant", "a"))
)
OTHER = {"role": "assistant", "content": "b"}
ASKED = (Message("user", "q"),)
TOLD = (Message("system", "s"), *ASKED)
HUMAN, GPT = {"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}
SAMPLE: dict[str, Any] = {
    "case_id": "c",
    "messages": [USER],
    "completion": {"text": "a", "finish_reason": "stop"},
    "verdicts": {"one": {"outcome": "passed"}, "two": {"outcome": "skipped"}},
}
ROWS = [
    ("prompt_completion", {"prompt": [SYSTEM, USER], "completion": [ANSWER]}, TOLD),
    ("messages", {"messages": [SYSTEM, USER, ANSWER], "prompt": "q"}, TOLD),
    ("sharegpt", {"conversations": [HUMAN, GPT]}, ASKED),
    ("sharegpt", {"conversations": [USER, ANSWER], "system": "s"}, TOLD),
    ("alpaca", {"instruction": "q", "input": "x", "output": "a"}, (Message("user", "q\nx"),)),
    ("alpaca", {"instruction": "q", "input": "", "output": "a", "system": "s"}, TOLD),
    ("interaction", {"task": {"description": "q"}, "execution": {"output": "a"}}, ASKED),
    ("samples", SAMPLE, ASKED),
    ("ab_log", SAMPLE | {"experiment": "e", "arm": "baseline"}, ASKED),
]
PAIRS: list[tuple[dict[str, Any], Any]] = [
    ({"prompt": "q", "chosen": "a", "rejected": "b"}, "q"),
    ({"prompt": [USER], "chosen": [ANSWER], "rejected": [OTHER]}, ASKED),
    ({"chosen": [USER, ANSWER], "rejected": [USER, OTHER]}, ASKED),
    ({"prompt": "q", "chosen": [USER, ANSWER], "rejected": [USER, OTHER]}, ASKED),
]


def test_every_shape_has_an_example_here() -> None:
    assert {name for name, _, _ in ROWS} | {"preference"} == {*listing()}


@pytest.mark.parametrize(("name", "value", "prompt"), ROWS)
def test_examples_of_every_shape_are_read(name: str, value: dict[str, Any], prompt: Any) -> None:
    assert fitting(value) == [name]
    assert listing()[name].read(value, "f:1") == TrainingRow(prompt, "a", "f:1")


@pytest.mark.parametrize(("value", "prompt"), PAIRS)
def test_preferences_are_read(value: dict[str, Any], prompt: Any) -> None:
    assert fitting(value) == ["preference"]
    assert listing()["preference"].read(value, "f:1") == PreferenceRow(prompt, "a", "b", "f:1")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("messages", {"messages": [{"role": "tool", "content": "1"}]}, "found 'tool'; results"),
        ("messages", {"messages": [{"role": "developer", "content": "1"}]}, "as a system message"),
        (
            "messages",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}]},
            "join its parts to one text",
        ),
        ("messages", {"messages": [USER, ANSWER], "tools": [{}]}, "tools.0: expected"),
        ("messages", {"messages": [USER, ANSWER], "completion": "a"}, "keep one of the two"),
        (
            "sharegpt",
            {"conversations": [{"from": "function_call", "value": "q"}]},
            r"conversations\[0\].from is function_call, and the row has no tools",
        ),
        ("sharegpt", {"conversations": [HUMAN]}, "conversations must end with the assistant's"),
        ("sharegpt", {"conversations": "q"}, "conversations must be a list of messages"),
        ("alpaca", {"instruction": "", "output": "a"}, "instruction and input are empty"),
        ("alpaca", {"instruction": "q", "output": "a", "history": [["x", "y"]]}, "history is not"),
        ("alpaca", {"instruction": "q", "output": ""}, "the output is empty"),
        ("preference", {"prompt": "q", "chosen": "a", "rejected": "a"}, "are the same text"),
        ("preference", {"chosen": "a", "rejected": "b"}, "needs prompt, chosen and"),
        (
            "preference",
            {"chosen": [USER, ANSWER], "rejected": [SYSTEM, USER, OTHER]},
            "differ before the last answer",
        ),
        ("interaction", {"task": "q", "execution": {"output": "a"}}, "has no task.description"),
        (
            "interaction",
            {"task": {"description": "q"}, "execution": {"output": ""}},
            "the execution.output is empty",
        ),
        ("samples", {**SAMPLE, "verdicts": []}, "verdicts must be an object"),
        (
            "samples",
            {**SAMPLE, "verdicts": {"tool_call": {"outcome": "passed"}}},
            "the prompt had tools, which samples do not hold: harness mine",
        ),
        (
            "samples",
            {**SAMPLE, "completion": {**SAMPLE["completion"], "tool_form": "hermes"}},
            "the prompt had tools",
        ),
    ],
)
def test_a_mistake_says_what_to_write(name: str, value: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        listing()[name].read(value, "f:1")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("samples", {**SAMPLE, "verdicts": {"one": {"outcome": "failed"}}}, "fails one"),
        ("samples", {**SAMPLE, "verdicts": {}}, "was not judged"),
        (
            "samples",
            {**SAMPLE, "completion": {"text": "a", "finish_reason": "length"}},
            "the answer was cut",
        ),
        (
            "interaction",
            {"task": {"description": "q"}, "execution": {"output": "a", "success": False}},
            "execution.success is false",
        ),
    ],
)
def test_what_is_no_example_to_imitate_is_left_out(
    name: str, value: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LeftOut, match=reason):
        listing()[name].read(value, "f:1")
