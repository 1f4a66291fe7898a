"""The forms of calls: what is written is read as it was, and what is no call is none."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.checks.text.wrappers import KNOWN_WRAPPERS
from harness.checks.tools.call import MAX_CALLS, Wanted
from harness.checks.tools.reading import form_of, read_calls
from harness.core.tool_form import TOOL_FORMS
from harness.core.verdict import FailureCode

IDENTIFIERS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).map(lambda name: name + "_")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**30), 10**30) | st.decimals(-1000, 1000, places=2).map(float)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CALLS = st.lists(
    st.builds(Wanted, IDENTIFIERS, st.dictionaries(IDENTIFIERS, VALUES, max_size=3)),
    min_size=1,
    max_size=3,
)


def plain(value):
    """The value with floats for exact numbers."""
    return json.loads(json.dumps(value, default=float))


@pytest.mark.parametrize("form", TOOL_FORMS)
@settings(deadline=None, max_examples=40)
@given(calls=CALLS)
@example(calls=[Wanted("f", {"a": "</tool_call>[TOOL_CALLS]<think>\u2028\r\n\x00"})])
@example(calls=[Wanted("f", {"é_": {"'\"": ["ünicode", -0.5, 1e-7]}}), Wanted("g", {})])
def test_what_is_written_is_read_as_it_was(form, calls):
    text = form_of(form).text_of(calls)
    for known in (form, None):
        found = read_calls(text, known, KNOWN_WRAPPERS)
        assert (found.fault, found.around) == (None, None)
        assert [(c.name, plain(c.arguments)) for c in found.calls] == [
            (c.name, plain(c.arguments)) for c in calls
        ]


@pytest.mark.parametrize("form", TOOL_FORMS)
def test_spans_are_those_of_the_raw_text(form):
    wanted = [Wanted("get", {"city": "Ulm"}), Wanted("get", {"größe": 1, "city": {"x": [7, "Ö"]}})]
    text = form_of(form).text_of(wanted)
    first, second = read_calls(text, form, KNOWN_WRAPPERS).calls
    assert text[slice(*first.locate(("name",), False))].strip('"') == "get"
    place = text[slice(*second.locate(("arguments", "city", "x", 1), False))]
    # Arguments that are text in a string are shown as a whole.
    assert place.strip("\"'") == "Ö" if form != "openai" else "größe" in place
    named = text[slice(*second.locate(("arguments", "city"), True))]
    assert named.strip('"') == "city" if form != "openai" else "größe" in named
    assert text[slice(*second.span)].count("get") == 1


@pytest.mark.parametrize(
    ("text", "form", "names"),
    [
        ('[TOOL_CALLS]get[ARGS]{"a": 1}[TOOL_CALLS]put[CALL_ID]x1[ARGS]{}', "mistral", "get put"),
        ('[TOOL_CALLS][{"name": "get", "arguments": {}, "id": "a1"}]', "mistral", "get"),
        ('<|python_tag|>{"name": "get", "parameters": {}}', "llama", "get"),
        ('{"type": "function", "name": "get", "parameters": {}}', "llama", "get"),
        ('{"name": "a", "parameters": {}}\n{"name": "b", "parameters": {}}', "llama", "a b"),
        ("<|python_start|>[get(a=1), m.put(b=true)]<|python_end|>", "pythonic", "get m.put"),
        ("<|tool_call_start|>[get()]<|tool_call_end|>", "pythonic", "get"),
        ('{"role": "assistant", "content": null, "tool_calls": [{"id": "x", "type": "function",'
         '"function": {"name": "get", "arguments": {"a": 1}}}]}', "openai", "get"),
    ],
)  # fmt: skip
def test_each_form_has_its_variants(text, form, names):
    for known in (form, None):
        found = read_calls(text, known, KNOWN_WRAPPERS)
        assert (found.fault, found.around) == (None, None)
        assert " ".join(call.name for call in found.calls) == names


BROKEN = [
    ("hermes", '<tool_call>{"name": "f", "arguments": {}}', "unclosed", "<tool_call>"),
    ("hermes", '<tool_call>{"name": "f", "arguments": {"a": 1}', "unclosed", "{"),
    ("hermes", '<tool_call>{"name": "f", "arguments": {"a": 1', "unclosed", "{"),
    ("hermes", "<tool_call>", "truncated", ""),
    ("hermes", '<tool_call>{"name": "f", "arguments": {"a": 1,}}</tool_call>', "syntax", ",}"),
    ("hermes", '<tool_call>{"name": "f"}</tool_call>', "call_form", '{"name": "f"}'),
    ("hermes", '<tool_call>{"name": "f", "parameters": {}}</tool_call>', "call_form",
     '{"name": "f", "parameters": {}}'),
    ("hermes", '<tool_call>{"name": 1, "arguments": {}}</tool_call>', "call_form", "1"),
    ("hermes", '<tool_call>{"name": "f", "arguments": "{}"}</tool_call>', "call_form", '"{}"'),
    ("hermes", '<tool_call>{"name": "f", "arguments": {}, "why": 1}</tool_call>', "call_form",
     '"why"'),
    ("hermes", '<tool_call>{"name": "f", "arguments": {}}</tool>', "call_form", "</tool>"),
    ("hermes", '{"name": "f", "parameters": {}}', "call_form", '{"name": "f", "parameters": {}}'),
    ("llama", '{"name": "f", "arguments": {}}', "call_form", '{"name": "f", "arguments": {}}'),
    ("llama", "<|python_tag|>print(1)", "call_form", "<|python_tag|>"),
    ("llama", "I would call f.", "no_call", "I would call f."),
    ("mistral", '[TOOL_CALLS] {"name": "f"}', "call_form", "[TOOL_CALLS]"),
    ("mistral", "[TOOL_CALLS]f[ARGS][1]", "call_form", "[1]"),
    ("mistral", "[TOOL_CALLS] []", "no_call", "[]"),
    ("mistral", "[TOOL_CALLS]", "unclosed", "[TOOL_CALLS]"),
    ("pythonic", "[f(1)]", "call_form", "1"),
    ("pythonic", "[f(**{})]", "call_form", "{}"),
    ("pythonic", "[f(a=open('x'))]", "call_form", "open('x')"),
    ("pythonic", "[f(a=b'x')]", "call_form", "b'x'"),
    ("pythonic", "[f(a=1_0)]", "call_form", "1_0"),
    ("pythonic", "[f(a={1: 2})]", "call_form", "1"),
    ("pythonic", "[f(a=1), g]", "call_form", "g"),
    ("pythonic", "[f(a=1", "unclosed", "["),
    ("pythonic", "[f(a=)]", "syntax", ")"),
    ("openai", '{"tool_calls": {}}', "no_call", '{"tool_calls": {}}'),
    ("openai", '{"tool_calls": [{"name": "f", "arguments": "{}"}]}', "call_form",
     '{"name": "f", "arguments": "{}"}'),
    ("openai", '{"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}', "call_form",
     '"{"'),
    ("openai", '{"tool_calls": [{"function": {"name": "f", "arguments": "\\"{}\\""}}]}',
     "call_form", '"\\"{}\\""'),
    (None, "", "empty", ""),
    (None, "no idea", "no_call", "no idea"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "text", "code", "pointed"), BROKEN)
def test_what_is_wrong_with_a_call_is_pointed_at(form, text, code, pointed):
    fault = read_calls(text, form, KNOWN_WRAPPERS).fault
    assert (str(fault.code), text[slice(*fault.span)]) == (code, pointed)


def test_numbers_are_exact():
    (call,) = read_calls("[f(a=0.1, b=-2, c=1e400)]", "pythonic", KNOWN_WRAPPERS).calls
    assert call.arguments == {"a": Decimal("0.1"), "b": -2, "c": Decimal("1e400")}


ONE = '<tool_call>{"name": "f", "arguments": {"a": "<think>"}}</tool_call>'


@pytest.mark.parametrize(
    ("text", "around"),
    [
        (ONE, None),
        (f"<think>f <tool_call>?</think>{ONE}", FailureCode.THINK_BLOCK),
        (f"Is it f?</think>{ONE}", FailureCode.THINK_BLOCK),
        (f"Sure. {ONE}", FailureCode.TEXT_BEFORE),
        (f"{ONE} and {ONE}", FailureCode.TEXT_AFTER),
        (f"{ONE}<|im_end|>", FailureCode.SPECIAL_TOKEN),
        (f"```\n{ONE}\n```", FailureCode.MARKDOWN_FENCE),
    ],
)
def test_what_stands_beside_calls_is_found_and_reasoning_is_not_read(text, around):
    found = read_calls(text, None, KNOWN_WRAPPERS)
    assert {call.name for call in found.calls} == {"f"}
    assert (found.fault, found.around and found.around.code) == (None, around)


def test_a_call_in_reasoning_alone_is_none():
    fault = read_calls(f"<think>{ONE}</think>", "hermes", KNOWN_WRAPPERS).fault
    assert fault.code is FailureCode.NO_CALL


@pytest.mark.parametrize("form", [*TOOL_FORMS, None])
@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>" * 3_000,
        ONE * 1_000,
        "[" * 20_000,
        "[f(" * 5_000,
        "[f(a=" + "[" * 1_000 + "]" * 1_000 + ")]",
        "[f(a=" + "-" * 8_000 + "1)]",
        '{"name": "f", "parameters": ' + '{"a": ' * 8_000,
        '<tool_call>{"name": "f", "arguments": {"a": ' + "[" * 9_000 + "]" * 9_000 + "}}",
        '{"name"' * 3_000,
        "[TOOL_CALLS]" * 3_000,
        "[TOOL_CALLS]f[ARGS]{}" * 1_000,
        '{"tool_calls": [' + '{"function": {"name": "f", "arguments": "{}"}},' * 1_000,
        "[f(a=" + "9" * 3_000 + ")]",
        "[f(a='\ud800\x00')]",
        "<think>" * 3_000 + ONE,
    ],
    ids=lambda text: text[:24] if isinstance(text, str) and text.isprintable() else "other",
)
def test_hostile_answers_are_bounded(form, text):
    found = read_calls(text, form, KNOWN_WRAPPERS)
    assert len(found.calls) <= MAX_CALLS + 1
    assert found.fault is not None or found.calls
