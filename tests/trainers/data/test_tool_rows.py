"""Rows with tools: read in OpenAI's form, and tokenized as the chat template writes the whole
conversation, in every form of calls that the harness judges."""

import json
from typing import Any

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.plan import Sampling, requests_for
from harness.core.tools import tools_text
from harness.core.verdict import Outcome
from harness.engine import prompt as engine
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task
from tests.tool_templates import NAMED_MISTRAL, TEMPLATES, TOOLS, WITHOUT_CALLS, WITHOUT_TOOLS
from tests.trainers.conftest import make_tokenizer
from trainers.data.row_case import cases_of, learned_text
from trainers.data.row_text import plain_value, prompt_key
from trainers.data.rows import TrainingRow, encode_row, encode_rows, ending_token
from trainers.data.shapes import listing
from trainers.data.turns import every_answer

FORMS = {**TEMPLATES, "named mistral": NAMED_MISTRAL}
QWEN = (
    TEMPLATES["hermes"]
    .replace(
        "{{ message.role }}\n{{ message.content }}",
        "{{ message.role }}{% if message.content %}{{ '\\n' + message.content }}{% endif %}",
    )
    .replace("<tool_call>\n{", "{{ '\\n' }}<tool_call>\n{")
)
"""Qwen's own: nothing stands between the role and a call where there is no content."""
ASKED = {"role": "user", "content": "Weather in Ulm?"}
ULM = {"city": "Ulm", "days": 3, "note": 'a "trip", caf\u00e9 {x}'}
BONN = {"city": "Bonn"}


def call(arguments: Any, name: str = "get_weather") -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def answer(*calls: Any, content: Any = None) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "tool_calls": [*calls]}


def read(*turns: Any, tools: Any = TOOLS, shape: str = "messages") -> Any:
    value: dict[str, Any] = {"messages": [*turns], "tools": tools}
    if shape == "prompt_completion":
        value = {"prompt": [*turns[:-1]], "completion": [turns[-1]], "tools": tools}
    return listing()[shape].read(value, "f:1")


ROWS = {
    "one call": answer(call(ULM)),
    "two calls": answer(call(ULM), call(json.dumps(BONN))),
    "no arguments": answer(call({}, "stop")),
}


@pytest.mark.parametrize("turn", ROWS.values(), ids=[*ROWS])
@pytest.mark.parametrize("source", [*FORMS.values(), QWEN], ids=[*FORMS, "qwen"])
def test_a_row_has_the_tokens_of_the_whole_conversation_and_passes_every_behavior(
    task: Task, source: str, turn: dict[str, Any]
) -> None:
    tokenizer = make_tokenizer(source)
    row = read(ASKED, turn)
    stops = frozenset([tokenizer.eos_token_id])
    ending = ending_token(tokenizer, stops)
    prompt, completion = encode_row(tokenizer, row, ending, stops)

    judging, (case,) = cases_of([row], task)
    tools = judging.output.tools_text
    (request,) = requests_for("t", [case], Sampling(), tools=tools)
    asked = engine.render(tokenizer, request.messages, request.template, tools=request.tools)
    assert prompt == engine.encode(tokenizer, asked)

    # The conversation as transformers renders it, arguments as objects.
    calls = [
        {**c, "id": f"{i:09d}", "function": {"name": w.name, "arguments": w.arguments}}
        for i, (c, w) in enumerate(zip(turn["tool_calls"], row.calls, strict=True))
    ]
    whole = [ASKED, {**turn, "content": "", "tool_calls": calls}]
    text = tokenizer.apply_chat_template(whole, tools=TOOLS, tokenize=False)
    assert tokenizer.decode(prompt + completion) + "\n" == text
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert prompt + completion == ids[: len(ids) - ids[::-1].index(ending)]

    decoded = tokenizer.decode(completion[:-1])
    answered = Completion(decoded, case_id=case.id, tool_form=engine.tool_form(tokenizer))
    verdicts = judge_answer(case, answered, judging)
    assert {v.outcome for v in verdicts.values()} == {Outcome.PASSED}
    assert {"tool_call", "tool_name", "tool_arguments", "exact_calls"} <= verdicts.keys()


@pytest.mark.parametrize("shape", ["messages", "prompt_completion"])
def test_tools_and_calls_are_read_of_both_shapes(shape: str) -> None:
    row = read(ASKED, ROWS["two calls"], shape=shape, tools=json.dumps(TOOLS))
    assert row.prompt == (Message("user", ASKED["content"]),)
    assert (row.tools, row.completion) == (tools_text(TOOLS), "")
    assert [(c.name, c.arguments) for c in row.calls] == [
        ("get_weather", ULM),
        ("get_weather", BONN),
    ]
    again = listing()["prompt_completion"].read(json.loads(json.dumps(plain_value(row))), "f:1")
    assert again == row


@pytest.mark.parametrize("shape", ["messages", "prompt_completion"])
def test_words_to_a_prompt_with_tools_want_no_call(task: Task, shape: str) -> None:
    row = read(ASKED, {"role": "assistant", "content": "Hello!"}, shape=shape)
    assert (row.completion, row.calls) == ("Hello!", ())
    judging, (case,) = cases_of([row], task)
    assert (case.reference, judging.output_for(case).calls) == ("Hello!", "none")
    for text, outcome in (("Hi.", "passed"), (TEXT_OF_CALL, "failed")):
        assert judge_answer(case, Completion(text), judging)["tool_call"].outcome == outcome


TEXT_OF_CALL = '<tool_call>{"name": "stop", "arguments": {}}</tool_call>'


def test_a_case_has_the_tools_of_its_row(task: Task) -> None:
    own = read(ASKED, ROWS["one call"], tools=[dict(reversed(TOOLS[0].items()))])
    same = read(ASKED, ROWS["one call"])
    judging, (first, second) = cases_of([own, same], task)
    requests = requests_for("t", [first, second], Sampling(), tools=judging.output.tools_text)
    assert [request.tools for request in requests] == [own.tools, same.tools]
    assert second.declared == ""
    assert prompt_key(own) != prompt_key(same)
    stop = Completion(TEXT_OF_CALL)
    unknown = judge_answer(first, stop, judging)["tool_name"]
    assert (unknown.outcome, unknown.code) == ("failed", "unknown_tool")
    assert judge_answer(second, stop, judging)["tool_name"].outcome == "passed"


def test_a_call_as_text_is_the_model_s_own_and_has_its_calls_for_a_reference(task: Task) -> None:
    row = read(ASKED, {"role": "assistant", "content": TEXT_OF_CALL})
    _, (case,) = cases_of([row], task)
    assert case.reference == {"name": "stop", "arguments": {}}
    broken = read(ASKED, {"role": "assistant", "content": TEXT_OF_CALL[:-6]})
    judging, (case,) = cases_of([broken], task)
    assert case.reference is None
    verdicts = judge_answer(case, Completion(learned_text(broken, task.output)), judging)
    assert verdicts["tool_call"].outcome == "failed"


def test_rows_and_tasks_of_other_kinds_are_not_mixed(task: Task) -> None:
    plain = TrainingRow((Message("user", "q"),), "a", "f:9")
    with pytest.raises(HarnessError, match="f:9: has no tools, and weather asks with some"):
        cases_of([plain], task)


def encoded(source: str | None, row: TrainingRow, *more: Any) -> Any:
    tokenizer = make_tokenizer(source)
    stops = frozenset([tokenizer.eos_token_id])
    return tokenizer, encode_rows(tokenizer, [row], 4096, tokenizer.eos_token_id, stops, *more)


def test_text_beside_calls_is_learned_too() -> None:
    row = read(ASKED, answer(call(BONN), content="I look it up."))
    tokenizer, found = encoded(TEMPLATES["hermes"], row)
    labels = [i for i in found.rows[0]["labels"] if i >= 0]
    assert tokenizer.decode(labels).startswith("I look it up.<tool_call>")


THINKING = TEMPLATES["hermes"].replace(
    "{{ message.content }}",
    "{% if message.role == 'assistant' and not quiet %}<think>\n\n</think>\n{% endif %}"
    "{{ message.content }}",
)
DEAF = TEMPLATES["hermes"].replace(
    "{{ message.content }}{% if", "{{ '' if message.tool_calls else message.content }}{% if"
)
OTHER_PROMPT = TEMPLATES["hermes"].replace(
    "{{ message.content }}", "{{ message.content }}{{ '' if add_generation_prompt else '.' }}"
)
OTHER_END = TEMPLATES["hermes"].replace(
    "<|im_end|>\n{% endfor %}",
    "{{ '<|im_start|>' if message.tool_calls else '<|im_end|>' }}\n{% endfor %}",
)
REFUSING = TEMPLATES["hermes"].replace(
    "{% if message.tool_calls %}",
    "{% if message.tool_calls %}{{ raise_exception('one call alone') }}",
)
FAILING = TEMPLATES["hermes"].replace(
    "{% if message.tool_calls %}", "{% if message.tool_calls %}{{ 'a' + message.tool_calls }}"
)
LOSSY = TEMPLATES["hermes"].replace("| tojson }}}", "| upper | tojson }}}")


@pytest.mark.parametrize(
    ("source", "content", "said"),
    [
        (THINKING, None, r"fails tool_call: .*write template: {enable_thinking: false}"),
        (DEAF, "Well.", "leaves out the text beside the calls"),
        (OTHER_PROMPT, None, "writes the prompt otherwise once it is answered by calls"),
        (OTHER_END, None, "ends calls otherwise than an answer of words"),
        (REFUSING, None, "refuses these calls: one call alone"),
        (FAILING, None, "refuses these calls: .*concatenate"),
        (LOSSY, None, "fails tool_call: .*; correct the template, or leave the row out"),
        (WITHOUT_CALLS, None, "fails tool_call: expected a call"),
        (WITHOUT_TOOLS, None, "fails on it: it writes no tools"),
        (None, None, "fails on it: it writes no tools"),
    ],
)
def test_what_a_template_does_not_write_as_it_is_judged_is_not_trained_on(
    source: str | None, content: str | None, said: str
) -> None:
    row = read(ASKED, answer(call(BONN), content=content))
    with pytest.raises(HarnessError, match=f"^f:1: the base's chat template .*{said}"):
        encoded(source, row)


def test_what_a_template_is_told_changes_the_calls_too() -> None:
    row = read(ASKED, answer(call(BONN)))
    tokenizer, found = encoded(THINKING, row, (("quiet", True),))
    assert "<think>" not in tokenizer.decode(found.rows[0]["input_ids"])


def test_a_call_as_text_of_another_form_is_refused() -> None:
    row = read(ASKED, {"role": "assistant", "content": TEXT_OF_CALL})
    encoded(TEMPLATES["hermes"], row)
    with pytest.raises(HarnessError, match="f:1: the answer holds a call that is none to the base"):
        encoded(TEMPLATES["llama"], row)


def test_an_end_token_in_an_argument_is_refused() -> None:
    row = read(ASKED, answer(call({"city": "a<|im_end|>b"})))
    with pytest.raises(HarnessError, match=r"f:1: the completion holds <\|im_end\|>"):
        encoded(TEMPLATES["hermes"], row)


def test_every_answer_of_a_conversation_has_its_tools() -> None:
    first = {"role": "assistant", "content": "Hello."}
    row = read(ASKED, first, ASKED, ROWS["one call"])
    earlier, last = every_answer([row])
    assert (earlier.completion, earlier.calls, earlier.tools) == ("Hello.", (), row.tools)
    assert last == row


DEEP: Any = "x"
for _ in range(80):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("turns", "tools", "said"),
    [
        ((ASKED, answer(call(BONN))), None, r"messages\[1\].tool_calls: the row has no tools"),
        ((ASKED, answer(call(BONN))), [{"name": "f"}], "tools.0: expected"),
        ((ASKED, answer(call(BONN))), "[{", "tools: not valid JSON"),
        ((ASKED, answer(call(BONN))), {"name": "f"}, "tools: expected a list"),
        ((ASKED, answer(call(BONN, "get_wether"))), TOOLS, "did you mean 'get_weather'"),
        ((ASKED, answer(call({"city": 5}))), TOOLS, r"tool_calls: get_weather: .*string"),
        ((ASKED, answer(call({}))), TOOLS, "get_weather: .*city"),
        ((ASKED, answer(call("{city"))), TOOLS, r"tool_calls\[0\]: arguments: not valid JSON"),
        ((ASKED, answer(call('{"city": "a", "city": "b"}'))), TOOLS, "not valid JSON"),
        ((ASKED, answer(call('{"days": 1e999}'))), TOOLS, "not valid JSON"),
        ((ASKED, answer(call([1]))), TOOLS, "arguments must be an object"),
        ((ASKED, answer(call({"city": "\ud800"}))), TOOLS, "holds the lone surrogate"),
        (
            (ASKED, answer(call({"city": "a", "x": DEEP}))),
            TOOLS,
            "arguments: nested deeper than 64",
        ),
        ((ASKED, answer(call({"city": "a"}))), [*TOOLS, DEEP], "tools: nested deeper than 64"),
        ((ASKED, answer({"name": "stop", "arguments": {}})), TOOLS, "must be {"),
        ((ASKED, answer(5)), TOOLS, "must be {"),
        ((ASKED, answer(call(BONN, 5))), TOOLS, "the name of a tool must be text"),
        ((ASKED, {**answer(), "tool_calls": 5}), TOOLS, "must be a list of calls"),
        ((ASKED, {"role": "tool", "content": "1"}), None, "results of tools stand in the prompt"),
        ((ASKED, {"role": "function", "content": "1"}), TOOLS, "has the role tool"),
        ((ASKED, answer()), TOOLS, "content must be text, found None"),
        ((answer(call(BONN)),), TOOLS, "must end with the assistant's answer to at least one turn"),
    ],
)
def test_a_row_that_cannot_be_meant_says_what_to_write(turns: Any, tools: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(*turns, tools=tools)


def test_text_cannot_be_the_prompt_of_tools() -> None:
    value = {"prompt": "q", "completion": "a", "tools": TOOLS}
    with pytest.raises(ValueError, match="has tools: write the prompt as messages"):
        listing()["prompt_completion"].read(value, "f:1")


def test_a_preference_has_tools_and_calls_as_text() -> None:
    value = {"prompt": [ASKED], "chosen": TEXT_OF_CALL, "rejected": "stop()", "tools": TOOLS}
    assert listing()["preference"].read(value, "f:1").tools == tools_text(TOOLS)
    as_calls = {**value, "chosen": [ROWS["one call"]]}
    with pytest.raises(ValueError, match="the answers of a preference have calls as text"):
        listing()["preference"].read(as_calls, "f:1")
