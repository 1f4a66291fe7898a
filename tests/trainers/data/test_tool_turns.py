"""Rows in which tools were called before the answer: the prompt has the calls and their results."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.core.case import Message, ToolTurn, turn_of
from harness.core.errors import HarnessError
from harness.core.plan import Sampling, requests_for
from harness.engine import prompt as engine
from harness.tasks.task import Task
from tests.tool_templates import TEMPLATES, TOOLS
from tests.trainers.conftest import make_tokenizer
from tests.trainers.data.test_tool_rows import ASKED, BONN, FORMS, ULM, answer, call
from trainers.data.row_case import cases_of
from trainers.data.row_text import plain_value, texts
from trainers.data.rows import TrainingRow, encode_row, ending_token
from trainers.data.shapes import listing
from trainers.data.turns import every_answer

WORDS = {"role": "assistant", "content": "It is clear."}
RAINS = '{"sky": "rain \\u2014 \\"all day\\""}'


def called(arguments: Any, name: str | None, tool: str = "get_weather") -> dict[str, Any]:
    """A call with an id, or without one."""
    found = call(arguments, tool)
    return {**found, "id": name} if name else {k: v for k, v in found.items() if k != "id"}


def result(content: Any, call_id: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "role": "tool",
        "content": content,
        **({"tool_call_id": call_id} if call_id else {}),
        **more,
    }


ONCE = (ASKED, answer(called(ULM, "abc000001")), result(RAINS, "abc000001"))
TWICE = (
    *ONCE,
    {"role": "assistant", "content": "Rain."},
    ASKED,
    answer(called(ULM, "a"), called(BONN, "b"), content="I look."),
    result("1", "b", name="get_weather"),
    result("2", "a"),
)
LAST = {"words": WORDS, "call": answer(call(BONN)), "two calls": answer(call(BONN), call(ULM))}


def read(*turns: Any, tools: Any = TOOLS, shape: str = "messages") -> TrainingRow:
    value: dict[str, Any] = {"messages": [*turns], "tools": tools}
    if shape == "prompt_completion":
        value = {"prompt": [*turns[:-1]], "completion": [turns[-1]], "tools": tools}
    found = listing()[shape].read(value, "f:1")
    assert isinstance(found, TrainingRow)
    return found


@pytest.mark.parametrize("last", LAST.values(), ids=LAST)
@pytest.mark.parametrize("before", [ONCE, TWICE], ids=["once", "twice"])
@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS)
def test_the_tokens_are_those_of_transformers_own_rendering(
    source: str, before: tuple[Any, ...], last: dict[str, Any]
) -> None:
    """Of the prompt, of the whole, and of what the suites ask while the model trains."""
    tokenizer = make_tokenizer(source)
    row = read(*before, last)
    stops = frozenset([tokenizer.eos_token_id])
    ending = ending_token(tokenizer, stops)
    prompt, completion = encode_row(tokenizer, row, ending, stops)
    asked = tokenizer.apply_chat_template(
        [*before], tools=TOOLS, add_generation_prompt=True, tokenize=False
    )
    assert prompt == tokenizer(asked, add_special_tokens=False).input_ids
    told = {**last, "content": last["content"] or ""}
    whole = tokenizer.apply_chat_template([*before, told], tools=TOOLS, tokenize=False)
    assert tokenizer.decode(prompt + completion) + "\n" == whole


def test_the_suites_ask_with_the_same_prompt(task: Task) -> None:
    tokenizer = make_tokenizer(TEMPLATES["hermes"])
    row = read(*TWICE, WORDS)
    stops = frozenset([tokenizer.eos_token_id])
    judging, (case,) = cases_of([row], task)
    tools = judging.output.tools_text
    (request,) = requests_for("t", [case], Sampling(), tools=tools)
    asked = engine.render(tokenizer, request.messages, request.template, tools=request.tools)
    prompt, _ = encode_row(tokenizer, row, ending_token(tokenizer, stops), stops)
    assert prompt == engine.encode(tokenizer, asked)
    (other,) = requests_for(
        "t",
        [replace(case, messages=read(*ONCE, ASKED, WORDS).prompt)],
        Sampling(),
        tools=tools,
    )
    assert other.prompt_sha256 != request.prompt_sha256


@pytest.mark.parametrize("shape", ["messages", "prompt_completion"])
def test_turns_are_read_and_written_again(shape: str) -> None:
    row = read(*TWICE, LAST["call"], shape=shape)
    assert [turn_of(m) for m in row.prompt if isinstance(m, Message)] == [
        {**turn, "content": turn["content"] or ""} for turn in TWICE
    ]
    again = listing()["prompt_completion"].read(json.loads(json.dumps(plain_value(row))), "f:1")
    assert again == row
    assert any("caf\u00e9" in text for text in texts(row)), "arguments are texts of the row too"


def test_missing_ids_are_numbered_and_results_answer_in_order() -> None:
    row = read(
        ASKED, answer(called(ULM, None), called(BONN, None)), result("1"), result("2"),
        answer(called("{\"city\": \"Jena\"}", None)), result("3"), WORDS,
    )  # fmt: skip
    found = [json.loads(m.more) for m in row.prompt if isinstance(m, ToolTurn)]
    ids = [e["id"] for more in found for e in more.get("tool_calls", ())]
    assert ids == ["000000000", "000000001", "000000002"]
    assert [m["tool_call_id"] for m in found if "tool_call_id" in m] == ids
    assert found[3]["tool_calls"][0]["function"]["arguments"] == {"city": "Jena"}


def test_sharegpt_says_the_same_in_its_words() -> None:
    functions = [tool["function"] for tool in TOOLS]
    value = {
        "tools": json.dumps(functions),
        "system": "Be brief.",
        "conversations": [
            {"from": "human", "value": "Weather in Ulm?"},
            {
                "from": "function_call",
                "value": json.dumps({"name": "get_weather", "arguments": ULM}),
            },
            {"from": "observation", "value": RAINS},
            {"from": "gpt", "value": "Rain."},
            {"from": "human", "value": "And in Bonn?"},
            {"from": "function_call", "value": {"name": "get_weather", "arguments": BONN}},
        ],
    }
    row = listing()["sharegpt"].read(value, "f:1")
    assert row == read(
        {"role": "system", "content": "Be brief."},
        ASKED,
        answer(called(ULM, None)),
        result(RAINS),
        {"role": "assistant", "content": "Rain."},
        {"role": "user", "content": "And in Bonn?"},
        answer(called(BONN, None)),
    )
    plain = {
        **value,
        "tools": "",
        "conversations": [*value["conversations"][:1], {"from": "gpt", "value": "Hm."}],
    }
    assert listing()["sharegpt"].read(plain, "f:1").tools == ""


@pytest.mark.parametrize(
    ("turns", "tools", "said"),
    [
        (
            [("function_call", "{}")],
            "",
            r"conversations\[1\].from is function_call, and the row has no",
        ),
        ([("function_call", "{a")], TOOLS, r"conversations\[1\].value: not valid JSON"),
        ([("function_call", "[]")], TOOLS, r"conversations\[1\].value must be a call"),
        ([("function_call", "[5]")], TOOLS, r"conversations\[1\].value must be a call"),
        ([("function_call", None)], TOOLS, r"conversations\[1\].value must be a call"),
        ([("function_call", '{"name": "stop"}')], TOOLS, "arguments must be an object"),
        ([("observation", "1"), ("gpt", "a")], TOOLS, "no call waits for one"),
        ([("tool", "1"), ("gpt", "a")], TOOLS, "must be one of .*observation, found 'tool'"),
        ([(["gpt"], "a")], TOOLS, r"must be one of .*, found \['gpt'\]"),
        ([("gpt", "a")], "[{", "tools: not valid JSON"),
    ],
)
def test_a_sharegpt_row_that_cannot_be_meant_says_what_to_write(
    turns: Any, tools: Any, said: str
) -> None:
    listed = [{"from": "human", "value": "q"}, *({"from": f, "value": v} for f, v in turns)]
    with pytest.raises(ValueError, match=said):
        listing()["sharegpt"].read({"conversations": listed, "tools": tools}, "f:1")


CALLS = answer(called(ULM, "a"), called(BONN, "b"))


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ((ASKED, CALLS, result("1", "a"), WORDS), r"messages\[3\]: no result of get_weather"),
        ((ASKED, CALLS, ASKED, WORDS), r"messages\[2\]: no result of get_weather: for each call"),
        ((ASKED, CALLS, result("1", "c"), result("2", "b"), WORDS), "'c' is no call that waits"),
        ((ASKED, CALLS, result("1", "a"), result("2", "a"), WORDS), "'a' is no call that waits"),
        ((ASKED, CALLS, result("1", ["a"]), result("2", "b"), WORDS), "is no call that waits"),
        ((ASKED, result("1", "a"), WORDS), "no call waits for one"),
        ((*ONCE, result("1"), WORDS), r"messages\[3\]: a result of a tool, and no call waits"),
        ((ASKED, answer(called(ULM, "a"), called(ULM, "a")), WORDS), "two calls have the id 'a'"),
        ((ASKED, answer({**call(ULM), "id": 5}), WORDS), "an id must be text, found 5"),
        ((ASKED, answer(call(ULM)), result({"sky": 1}), WORDS), r"messages\[2\].content must be t"),
        ((ASKED, answer(call(ULM)), result(None), WORDS), "content must be text, found None"),
        ((ASKED, answer(call(ULM)), result("\ud800"), WORDS), "holds the lone surrogate"),
        ((ASKED, answer(call(ULM)), result("1", name="stop"), WORDS), "'stop' was not called"),
        ((ASKED, answer(call("{")), result("1"), WORDS), r"tool_calls\[0\]: arguments: not valid"),
        ((ASKED, {**CALLS, "tool_calls": 5}, WORDS), "must be a list of calls, found 5"),
        (
            (ASKED, answer(call(ULM), content=5), result("1"), WORDS),
            "content must be text, found 5",
        ),
        ((ASKED, answer(call(ULM)), result("1")), "must end with the assistant's answer"),
        ((*ONCE[:2], WORDS), r"messages\[2\]: no result of get_weather"),
    ],
)
def test_a_row_that_cannot_be_meant_says_what_to_write(turns: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(*turns)


def test_every_answer_is_learned_its_calls_too() -> None:
    row = read(*ONCE, {"role": "assistant", "content": "Rain."}, ASKED, LAST["call"])
    first, second, last = every_answer([row])
    assert (len(first.prompt), first.completion, [c.arguments for c in first.calls]) == (
        1,
        "",
        [ULM],
    )
    assert (len(second.prompt), second.completion, second.calls) == (3, "Rain.", ())
    assert last == row
    assert first.where == "f:1, message 2"


def test_a_call_that_failed_may_stand_in_a_prompt_and_is_not_learned() -> None:
    row = read(ASKED, answer(call({"city": 5})), result("city must be text"), LAST["call"])
    assert [c.arguments for c in row.calls] == [BONN]
    with pytest.raises(HarnessError, match=r"f:1, message 2: get_weather: .*train_on: last_answer"):
        every_answer([row])


def test_a_preference_is_asked_after_calls_too() -> None:
    value = {"prompt": [*ONCE], "chosen": "Rain.", "rejected": "Snow.", "tools": TOOLS}
    assert listing()["preference"].read(value, "f:1").prompt == read(*ONCE, WORDS).prompt
