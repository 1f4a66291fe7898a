"""The behaviors of calls: what each rejects, with which code, at which place of the raw text."""

# ruff: noqa: E501

import json

import pytest
from pydantic import ValidationError

from harness.checks import exact_calls, tool_arguments, tool_call, tool_name
from harness.checks.declared.output import Output
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from tests.tool_templates import STOP, TOOLS, WEATHER

BEHAVIORS = {
    "tool_call": tool_call,
    "tool_name": tool_name,
    "tool_arguments": tool_arguments,
    "exact_calls": exact_calls,
}
ULM = {"name": "get_weather", "arguments": {"city": "Ulm", "days": 3}}
BONN = {"name": "get_weather", "arguments": {"city": "Bonn"}}


def hermes(*calls):
    return "\n".join(f"<tool_call>\n{json.dumps(call)}\n</tool_call>" for call in calls)


def verdicts(
    text, reference=ULM, *others, finish=FinishReason.STOP, tool_form="hermes", **declared
):
    """What fails of a text: behavior to code and the characters that are pointed at."""
    output = Output(**{"format": "tool_calls", "tools": TOOLS, **declared})
    case = Case("a", (), reference, others)
    completion = Completion(text, finish, "a", tool_form=tool_form)
    found = {n: b.check_for(output).judge(case, completion) for n, b in BEHAVIORS.items()}
    assert all(v.reason for v in found.values() if v.outcome != "passed")
    return {
        name: (str(v.code), text[slice(*v.span)])
        for name, v in found.items()
        if v.outcome not in ("passed", "skipped")
    }


def changed(**arguments):
    return hermes({**ULM, "arguments": {**ULM["arguments"], **arguments}})


def every(code, pointed):
    return dict.fromkeys(BEHAVIORS, (code, pointed))


def test_the_reference_passes_whatever_the_order_of_its_keys():
    text = (
        '<tool_call>{"arguments": {"days": 3.0, "city": "Ulm"}, "name": "get_weather"}</tool_call>'
    )
    assert verdicts(text) == {}


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("Ulm is fine.", every("no_call", "Ulm is fine.")),
        ("", every("empty", "")),
        (f"Sure!\n{hermes(ULM)}", {"tool_call": ("text_before", "Sure!")}),
        (hermes(ULM, STOP["function"] | {"arguments": {}}), {
            "tool_call": ("call_count", '{"name": "stop", "arguments": {}}'),
            "exact_calls": ("call_count", '{"name": "stop", "arguments": {}}'),
        }),
        (hermes({**ULM, "name": "getWeather"}), {
            **dict.fromkeys(("tool_name", "tool_arguments"), ("unknown_tool", '"getWeather"')),
            "exact_calls": ("wrong_value", '"getWeather"'),
        }),
        (changed(city="Bonn"), {"exact_calls": ("wrong_value", '"Bonn"')}),
        (changed(unit="K"), {
            "tool_arguments": ("not_in_enum", '"K"'), "exact_calls": ("unexpected_key", '"unit"'),
        }),
        (changed(days="3"), {
            "tool_arguments": ("number_as_string", '"3"'), "exact_calls": ("wrong_value", '"3"'),
        }),
        (changed(days=True), {
            "tool_arguments": ("wrong_type", "true"), "exact_calls": ("wrong_value", "true"),
        }),
        (hermes({**ULM, "arguments": {"days": 3}}), {
            "tool_arguments": ("missing_key", '{"days": 3}'),
            "exact_calls": ("missing_key", '{"days": 3}'),
        }),
        (hermes(ULM).replace('"days"', '"city": "Ulm", "days"'), {
            "tool_arguments": ("duplicate_key", hermes(ULM)[12:-13].replace(
                '"days"', '"city": "Ulm", "days"'
            )),
        }),
    ],
)  # fmt: skip
def test_a_call_fails_what_it_breaks_and_nothing_else(text, failed):
    assert verdicts(text) == failed


def test_a_call_that_the_token_limit_cut_is_truncated():
    cut = hermes(ULM)[:-3]
    assert verdicts(cut) == every("unclosed", "<tool_call>")
    assert verdicts(cut, finish=FinishReason.LENGTH) == every("truncated", "<tool_call>")


def test_the_form_is_the_template_s_unless_the_task_fixes_it():
    llama = json.dumps({"name": "get_weather", "parameters": ULM["arguments"]})
    assert verdicts(llama) == every("call_form", llama)
    assert verdicts(llama, tool_form="llama") == verdicts(llama, tool_form=None) == {}
    fixed = Output(format="tool_calls", tools=TOOLS, tool_form="llama")
    assert fixed.call_rule.form == "llama"
    assert verdicts(hermes(ULM), tool_form=None) == {}


def test_text_beside_calls_needs_commentary_and_reasoning_needs_to_be_allowed():
    thought = f"<think>Ulm?</think>\n{hermes(ULM)}"
    assert verdicts(thought) == {"tool_call": ("think_block", "<think>Ulm?</think>")}
    assert verdicts(thought, reasoning="allowed") == {}
    assert verdicts(f"Sure!\n{hermes(ULM)}", commentary=True) == {}


def test_parallel_calls_have_an_order_only_where_the_task_fixes_it():
    swapped = hermes(BONN, ULM)
    assert verdicts(swapped, [ULM, BONN]) == {}
    assert verdicts(swapped, [ULM, BONN], call_order="fixed") == {
        "exact_calls": ("wrong_value", '"Bonn"')
    }
    assert verdicts(hermes(ULM, BONN), [ULM, BONN], call_order="fixed") == {}
    last = json.dumps(ULM)
    assert verdicts(hermes(ULM), [ULM, BONN]) == dict.fromkeys(
        ("tool_call", "exact_calls"), ("call_count", last)
    )


def test_of_several_references_one_is_enough():
    assert verdicts(hermes(BONN), ULM, BONN) == verdicts(hermes(BONN, ULM), ULM, [ULM, BONN]) == {}
    assert "exact_calls" in verdicts(hermes(BONN), ULM, [ULM, BONN])


ROME = {"name": "get_weather", "arguments": {"city": "Rome", "days": 3}}
STOPPED = {"name": "stop", "arguments": {}}


@pytest.mark.parametrize(
    ("calls", "references", "told"),
    [
        ([ROME], [BONN, ULM], 'get_weather: /city: expected "Ulm", found "Rome"; reference 2 of 2'),
        ([ROME], [ULM, BONN], 'get_weather: /city: expected "Ulm", found "Rome"; reference 1 of 2'),
        ([ROME], [STOPPED, ULM], 'get_weather: /city: expected "Ulm", found "Rome"; reference 2 of 2'),
        ([ULM], [STOPPED, [ULM, BONN]], "expected a call of get_weather more, found 1 calls; reference 2 of 2"),
        ([ULM, BONN], [STOPPED, ROME, ULM], "expected 1, found a call of get_weather more; reference 3 of 3"),
        ([ULM, ROME], [[BONN, STOPPED], [BONN, ULM]], 'get_weather: /city: expected "Bonn", found "Rome"; reference 2 of 2'),
        ([ROME], [ULM], 'get_weather: /city: expected "Ulm", found "Rome"'),
        ([ROME], [STOPPED, BONN], 'get_weather: /city: expected "Bonn", found "Rome"; reference 2 of 2'),
    ],
)  # fmt: skip
def test_of_several_references_the_nearest_is_told(calls, references, told):
    output = Output(format="tool_calls", tools=TOOLS)
    case = Case("a", (), references[0], tuple(references[1:]))
    completion = Completion(hermes(*calls), case_id="a", tool_form="hermes")
    reason = exact_calls.check_for(output).judge(case, completion).reason
    assert reason.removesuffix(" is the nearest") == told


def test_the_number_of_calls_is_declared_where_there_is_no_reference():
    two = hermes(ULM, BONN)
    assert verdicts(two, None) == verdicts(two, None, calls=2) == {}
    assert verdicts(two, None, calls=1) == {"tool_call": ("call_count", json.dumps(BONN))}


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("It is sunny.", None),
        ("Weather is [a thing](url) of {many} parts.", None),
        ('{"name": "Ada", "parameters": {}}', None),
        (hermes(ULM), json.dumps(ULM)),
        (f"Wait. {hermes(ULM)}", json.dumps(ULM)),
        ("<tool_call>{", "<tool_call>{"),
        ("[get_weather(city='Ulm')]", "get_weather(city='Ulm')"),
    ],
)
def test_where_no_call_is_wanted_a_plain_answer_passes_and_a_call_in_any_form_fails(text, pointed):
    expected = {} if pointed is None else {"tool_call": ("unwanted_call", pointed)}
    assert verdicts(text, "It is sunny.", calls="none") == expected


def test_an_empty_answer_is_no_plain_one():
    assert verdicts(" ", "It is sunny.", calls="none") == {"tool_call": ("empty", "")}


def test_arguments_may_be_free():
    free = {"free_arguments": ["/note", "/days"]}
    assert verdicts(changed(note="anything", days=9), **free) == {}
    assert "exact_calls" in verdicts(changed(city="Bonn"), **free)


def test_a_strict_tool_and_a_strict_task_allow_no_other_argument():
    extra = changed(unasked=1)
    wanted = {**ULM, "arguments": {**ULM["arguments"], "unasked": 1}}
    assert verdicts(extra, wanted) == {}
    strict = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}
    for declared in ({"strict_arguments": True}, {"tools": [strict, STOP]}):
        failed = {"tool_arguments": ("unexpected_key", '"unasked"')}
        assert verdicts(extra, wanted, **declared) == failed


def test_a_lost_answer_is_an_error_of_every_behavior():
    lost = Completion("", FinishReason.ERROR, "a", error="it crashed")
    output = Output(format="tool_calls", tools=TOOLS)
    case = Case("a", (), ULM)
    found = [b.check_for(output).judge(case, lost) for b in BEHAVIORS.values()]
    assert {str(v.code) for v in found} == {"backend_error"}


def tool(**changes):
    return [{"type": "function", "function": {"name": "f", **changes}}]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"tools": []}, "expected a list with at least one tool"),
        ({"tools": [{"name": "f"}]}, 'expected {"type": "function", "function"'),
        ({"tools": tool(name="a b")}, "expected a name of letters, digits"),
        ({"tools": tool(parameter={})}, "no key 'parameter', did you mean 'parameters'?"),
        ({"tools": tool(parameters=[])}, "tools.0 (f): parameters: expected a JSON Schema"),
        ({"tools": tool(strict="yes")}, "tools.0 (f): strict"),
        ({"tools": tool() * 2}, "the name 'f' is another tool's too"),
        ({"calls": 0}, "calls: expected none or a number of calls, found 0"),
        ({"calls": True}, "calls: expected none or a number of calls, found True"),
        ({"fence": "required"}, "fence is for answers of another format than tool_calls"),
        ({"format": "json"}, "tools needs format: tool_calls, not json"),
        ({"schema": "s.json"}, "schema needs format: json, not tool_calls"),
    ],
)
def test_what_cannot_be_meant_is_said(declared, said):
    with pytest.raises(ValidationError) as caught:
        Output(**{"format": "tool_calls", "tools": TOOLS, **declared})
    assert said in str(caught.value)
