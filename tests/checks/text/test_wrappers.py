"""Reasoning and tool calls of all families, before every check that reads an answer."""

import re
import time

import pytest

from harness.checks.declared.output import Output
from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.duplicate_keys import NoDuplicateKeys
from harness.checks.exact_fields import ExactFields
from harness.checks.expected import ExpectedText
from harness.checks.forbidden import NoForbiddenText
from harness.checks.grounding import Grounding
from harness.checks.json.document import read_document
from harness.checks.json.repair import repair_text
from harness.checks.json_validity import JsonValidity
from harness.checks.no_extra_text import NoExtraText
from harness.checks.python_function import PythonFunction
from harness.checks.python_parses import PythonParses
from harness.checks.quotes import Quotes
from harness.checks.required_keys import RequiredKeys
from harness.checks.schema.schema import compile_schema
from harness.checks.schema_types import SchemaTypes
from harness.checks.sections import Sections
from harness.checks.text.grounded_patterns import GroundedPatterns
from harness.checks.text.no_text_around_code import NoTextAroundCode
from harness.checks.text.no_text_around_sections import NoTextAroundSections
from harness.checks.text.wrapper_table import TABLE
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.checks.timestamp_sanity import TimestampSanity
from harness.checks.types import ValueTypes
from harness.checks.variety import Variety
from harness.checks.words import WordWindow
from harness.core.completion import Completion, FinishReason
from tests.checks.judging import case, judge, pointed, word

FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"
COMMENTARY = "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>"
REASONING = {
    "deepseek, qwen, phi, olmo": ("<think>", "</think>"),
    "upper case": ("<THINK>", "</THINK>"),
    "attribute": ('<think time="3">', "</think >"),
    "exaone": ("<thought>", "</thought>"),
    "thoughts": ("<thoughts>", "</thoughts>"),
    "reflection": ("<Thinking>", "</thinking>"),
    "reason": ("<reason>", "</reason>"),
    "nemotron": ("<reasoning>", "</reasoning>"),
    "rationale": ("<rationale>", "</rationale>"),
    "hermes": ("<scratch_pad>", "</scratch_pad>"),
    "antThinking": ("<antThinking>", "</antThinking>"),
    "monologue": ("<inner_monologue>", "</inner_monologue>"),
    "analysis": ("<analysis>", "</analysis>"),
    "seed": ("<seed:think>", "</seed:think>"),
    "longcat": ("<longcat_think>", "</longcat_think>"),
    "bars": ("<|think|>", "</|think|>"),
    "bars outside": ("<|thinking|>", "<|/thinking|>"),
    "solar": ("<|think|>", "<|end|><|begin|>assistant<|content|>"),
    "start and end": ("<|thinking_start|>", "<|thinking_end|>"),
    "mistral": ("[THINK]", "[/THINK]"),
    "mistral, lower case": ("[think]", "[/think]"),
    "kimi": ("◁think▷", "◁/think▷"),
    "kimi k3": ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
    "cohere": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "cohere, response": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    "sky, openthinker": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "apertus": ("<|inner_prefix|>", "<|inner_suffix|>"),
    "gemma": ("<|channel>thought\n", "<channel|>"),
    "medgemma": ("<unused94>thought\n", "<unused95>"),
    "s1": ("<|im_start|>think\n", "<|im_start|>answer\n"),
    "hyperclova": ("<|im_start|>assistant/think\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "gpt-oss": ("<|channel|>analysis<|message|>", FINAL),
    "gpt-oss, role": ("<|start|>assistant<|channel|>analysis<|message|>", FINAL),
    "gpt-oss, no end": ("<|channel|>analysis<|message|>", FINAL.removeprefix("<|end|>")),
    "gpt-oss, plain": ("analysisWe see ", "assistantfinal"),
    "granite": ("Here is my thought process:\n", "Here is my response:\n"),
    "granite, short": ("Here's my thought process:\n", "Here's my response:\n"),
    "granite, bold": ("**Here is my thought process:**\n", "**Here is my response:**\n"),
    "ollama": ("Thinking...\n", "\n...done thinking.\n\n"),
}
TOOL_CALLS = {
    "hermes, qwen": ("<tool_call>\n", "\n</tool_call>"),
    "qwen, response": ("<tool_response>", "</tool_response>"),
    "hunyuan": ("<tool_calls>", "</tool_calls>"),
    "nemotron": ("<TOOLCALL>", "</TOOLCALL>"),
    "olmo": ("<function_calls>", "</function_calls>"),
    "minimax": ("<minimax:tool_call>", "</minimax:tool_call>"),
    "llama": ("<function=look_up>", "</function>"),
    "llama, python tag": ("<|python_tag|>", "<|eom_id|>"),
    "deepseek": (
        "<\uff5ctool\u2581calls\u2581begin\uff5c>",
        "<\uff5ctool\u2581calls\u2581end\uff5c>",
    ),
    "deepseek, dsml": ("<\uff5cDSML\uff5cfunction_calls>", "</\uff5cDSML\uff5cfunction_calls>"),
    "kimi": ("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    "phi": ("<|tool_call|>", "<|/tool_call|>"),
    "lfm": ("<|tool_call_start|>", "<|tool_call_end|>"),
    "gemma": ("<|tool_call>", "<tool_call|>"),
    "functiongemma": ("<start_function_call>", "<end_function_call>"),
    "cohere": ("<|START_ACTION|>", "<|END_ACTION|>"),
    "internlm": ("<|action_start|>", "<|action_end|>"),
    "apertus": ("<|tools_prefix|>", "<|tools_suffix|>"),
    "mistral": ("[TOOL_CALLS]", "</s>"),
    "gpt-oss": (COMMENTARY, "<|call|>"),
}
FAMILIES = {**REASONING, **{f"tool: {name}": marks for name, marks in TOOL_CALLS.items()}}
EVERY = pytest.mark.parametrize(("opening", "closing"), FAMILIES.values(), ids=FAMILIES)
EVERY_REASONING = pytest.mark.parametrize(("opening", "closing"), REASONING.values(), ids=REASONING)
ENDS_ONLY_WHAT_IT_OPENED = ("granite", "granite, short", "granite, bold", "hyperclova")
MAY_BE_UNOPENED = {n: m for n, m in REASONING.items() if n not in ENDS_ONLY_WHAT_IT_OPENED}

ADA, BOB = '{"name": "Ada", "on": "2025-02-03"}', '{"name": "Bob", "on": "2025-02-31"}'
NAMES_ADA = case("Ada, on 3 February 2025", {"name": "Ada", "on": "2025-02-03"})
SCHEMA = compile_schema({"properties": {"name": {"const": "Ada"}}, "required": ["on"]})
VALUE_CHECKS = {
    "exact_fields": ExactFields(("/name",)),
    "grounding": Grounding(("/name",)),
    "timestamp_sanity": TimestampSanity((("/on", TimestampRule(kind="date")),)),
    "schema_types": SchemaTypes(SCHEMA),
}
LETTER = "To: Bank\nDispute: I, Ada, dispute it.\nSincerely,\nAda Byron"
OTHER = "To: Bob\nDear Mr. Law, no."
TEXT_CHECKS = {
    "sections": Sections(("To:", "Dispute:", "Sincerely,")),
    "quotes": Quotes(("who",)),
    "expected": ExpectedText((("name", "Ada"),)),
    "forbidden": NoForbiddenText((("law", "Law"),)),
    "grounded_patterns": GroundedPatterns((("name", "Ada|Bob"),)),
    "words": WordWindow(9, 12),
}
CODE = 'def add(a: int, b: int) -> int:\n    """Add."""\n    return a + b\n'
FUNCTION = PythonFunction("f")
ADD = case(variables={"f": "add", "who": "Ada Byron"})


def test_every_row_of_the_table_has_an_example():
    marks = [mark for pair in FAMILIES.values() for mark in pair]
    found = {mark.family for text in marks for mark in KNOWN_WRAPPERS.marks(text)}
    assert found == set(range(len(TABLE)))


def test_every_bracketed_row_is_looked_for():
    for opening, closing in FAMILIES.values():
        assert list(KNOWN_WRAPPERS.marks(opening)), opening
        if not closing.startswith("Here"):
            assert list(KNOWN_WRAPPERS.marks("x" + closing)), closing


@EVERY
@pytest.mark.parametrize("check", VALUE_CHECKS.values(), ids=VALUE_CHECKS)
def test_the_value_is_the_answer_and_not_the_draft(opening, closing, check):
    wrong = judge(check, f"{opening}so {ADA}{closing}{BOB}", NAMES_ADA)
    assert wrong.outcome == "failed"
    assert judge(check, f"{opening}so {BOB}{closing}{ADA}", NAMES_ADA).outcome == "passed"
    if not opening.strip("*")[0].isalpha():  # words are marks only where the text begins
        assert judge(check, f"{ADA}{opening}so {BOB}{closing}", NAMES_ADA).outcome == "passed"


@EVERY
def test_other_checks_of_a_value(opening, closing):
    draft = f"{opening}" + '{"a": 1, "a": "2"}' + f"{closing}"
    number = compile_schema({"properties": {"a": {"type": "number"}}, "required": ["a"]})
    assert word(NoDuplicateKeys(), draft + '{"a": 1}') == "passed"
    assert word(NoDuplicateKeys(), opening + '{"a": 1}' + closing + '{"a": 1, "a": 2}') == (
        "duplicate_key"
    )
    assert word(ValueTypes(number), draft + '{"a": 1}') == "passed"
    assert word(RequiredKeys(number), draft + '{"b": 1}') == "missing_key"


@EVERY_REASONING
def test_a_draft_alone_holds_no_answer(opening, closing):
    for check in (*VALUE_CHECKS.values(), JsonValidity()):
        assert word(check, f"{opening}{ADA}{closing}", NAMES_ADA) == "no_json"
        assert word(check, f"{opening}so\n{ADA}", NAMES_ADA) == "no_json"
        assert word(check, f"{opening}so\n1\n", NAMES_ADA, "length") == "no_json"


@pytest.mark.parametrize(("opening", "closing"), TOOL_CALLS.values(), ids=TOOL_CALLS)
def test_a_tool_call_is_the_answer_where_there_is_no_other(opening, closing):
    for text in (f"{opening}{ADA}{closing}", f"See [1]. {opening}{ADA}", f"{opening}{ADA}"):
        assert word(VALUE_CHECKS["exact_fields"], text, NAMES_ADA) == "passed"
        assert word(NoExtraText(), text) in ("special_token", "think_block", "text_before")


@pytest.mark.parametrize(
    ("opening", "closing"), MAY_BE_UNOPENED.values(), ids=MAY_BE_UNOPENED.keys()
)
def test_the_prompt_may_have_opened_the_draft(opening, closing):
    assert word(VALUE_CHECKS["exact_fields"], f"so {ADA}{closing}{BOB}", NAMES_ADA) == "wrong_value"
    assert word(VALUE_CHECKS["exact_fields"], f"{ADA}{closing}\n{BOB}", NAMES_ADA) == "wrong_value"
    assert word(TEXT_CHECKS["quotes"], f"Ada Byron{closing}{OTHER}", ADD) == "wrong_value"


@EVERY_REASONING
def test_a_draft_is_extra_text(opening, closing):
    draft = f"{opening}so{closing}"
    for check, answer in (
        (NoExtraText(), "{}"),
        (JsonValidity(), "{}"),
        (NoTextAroundCode(), "\n" + CODE),
        (NoTextAroundSections(("To:",)), "\n" + LETTER),
    ):
        verdict = judge(check, draft + answer)
        assert verdict.code == "think_block"
        assert draft.startswith(pointed(verdict, draft + answer))


@EVERY
def test_text_is_judged_without_its_drafts(opening, closing):
    for check in TEXT_CHECKS.values():
        asked = case("Ada", variables={"who": "Ada Byron"})
        assert (
            judge(check, f"{opening}{LETTER} {OTHER}{closing}{LETTER}", asked).outcome == "passed"
        )
        assert judge(check, f"{opening}{LETTER}{closing}{OTHER}", asked).outcome == "failed"


@EVERY
def test_code_is_judged_without_its_drafts(opening, closing):
    draft = f"{opening}{CODE}{closing}"
    assert word(FUNCTION, draft + CODE, ADD) == "passed"
    assert word(FUNCTION, draft + "pass\n", ADD) == "missing_key"
    assert judge(PythonParses(), draft + CODE).outcome == "failed"


@EVERY_REASONING
def test_code_that_is_all_draft_is_none(opening, closing):
    assert word(FUNCTION, f"{opening}\n{CODE}{closing}", ADD) == "empty"
    assert word(FUNCTION, f"{opening}\n{CODE}", ADD) == "empty"


@EVERY
def test_variety_counts_answers(opening, closing):
    pairs = [
        (case(), Completion(f'{opening}{{"n": 0}} hm{closing}{{"n": {n}}}', FinishReason.STOP))
        for n in range(1, 11)
    ]
    assert Variety(("/n",), ("hm",)).judge(pairs).outcome == "passed"


@EVERY
def test_repair_repairs_the_answer(opening, closing):
    assert repair_text(f'{opening}{{"b": 2}}{closing}{{"a": 1,}}') == '{"a": 1}'
    if not opening.strip("*")[0].isalpha():
        assert repair_text(f'{{"a": 1,}}\n{opening}{{"b": 2}}{closing}') == '{"a": 1}'


@EVERY
def test_marks_in_strings_are_content(opening, closing):
    content = (opening + "x" + closing).replace("\n", "\\n").replace('"', '\\"')
    value = f'{{"a": "{content}", "b": {{"c": 1}}}}'
    for text in (value, f"Sure: {value}", f"{value} Done.", f"<think>hm</think>So {value}"):
        document = read_document(text)
        assert text[document.start : document.end] == value
    lone = f'Sure: {{"a": "{closing}", "b": {{"c": 1}},}}'.replace("\n", "\\n")
    assert read_document(lone).start == 6


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>a<think>b</think>c {1}</think>ok", "ok"),
        ("<think>a <think> is a tag</think>ok", "ok"),
        ("<think>a</think><think>b</think>ok", "ok"),
        ("<think>a</think>ok<think>b</think>", "ok"),
        ("<think>a</think>o<think>b</think>k", "ok"),
        ("a</think>b</think>ok", "ok"),
        ("a<think>b</think>c</think>ok", "ok"),
        ("<think>a [/THINK] b</think>ok", "ok"),
        ("[THINK]a <think>b[/THINK]ok", "ok"),
        ("ok</think>", "ok"),
        ("ok<think>", "ok"),
        ("<think>ok", ""),
        ("<think>ok</thinking_hard>", ""),
        ("<think/>ok", "<think/>ok"),
        ("<thinker>ok</thinker>", "<thinker>ok</thinker>"),
        ("<think_off>ok", "<think_off>ok"),
        ("Here is my response: ok", "Here is my response: ok"),
        ("analysis of it: ok", "analysis of it: ok"),
        ("ok<|end|>", "ok<|end|>"),
        ("<tool_call>ok</tool_call>", "ok"),
        ("<tool_call>a</tool_call>ok", "ok"),
        ("<|begin_of_box|>ok<|end_of_box|>", "<|begin_of_box|>ok<|end_of_box|>"),
    ],
)
def test_answer(text, answer):
    found = KNOWN_WRAPPERS.answer(text)
    assert found.replace("\f", "") == answer
    assert len(found) == len(text)


def test_lines_of_drafts_stay():
    assert KNOWN_WRAPPERS.answer("<think>\nx\n</think>ok") == "\f" * 7 + "\n\f\n" + "\f" * 8 + "ok"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<think>\n42\n</think>\n43", "43"),
        ("<think>42</think>43", "43"),
        ('{"a": 0} no</think>{"a": 1}', '{"a": 1}'),
        ('{"a": 0}</think>{}', "{}"),
        ('<think>a<think>b</think>c {"a": 0}</think>{"a": 1}', '{"a": 1}'),
        ('<think>x</think>[1] is it, or {"a": 0}', "[1]"),
        ('So {"t": "<think>"} or</think>{"a": 1}', '{"a": 1}'),
        ('<think>say {"t": "</think>"} or</think>{"a": 1}', '{"a": 1}'),
        (
            f'<|channel|>analysis<|message|>x<|end|>{COMMENTARY}{{}}<|call|>{FINAL}{{"a": 1}}',
            '{"a": 1}',
        ),
        ('{"a": 0} or<think>b</think>c</think>{"a": 1}', '{"a": 1}'),
        ('{"a": 1}<think>b</think>c</think>', '{"a": 1}'),
    ],
)
def test_the_value_behind_drafts(text, value):
    document = read_document(text)
    assert text[document.start : document.end] == value


def test_marks_in_code_are_content():
    code = CODE.replace("Add.", "Add, and </think> or <think> add.")
    assert word(FUNCTION, code, ADD) == "passed"
    code = CODE + 'END = "</think>"\n'
    assert word(FUNCTION, code, ADD) == "passed"


OWN = (("%%", "%%end"), ("{plan}", "{/plan}"), ("DRAFT", "DONE"), ("Ω(", ")Ω"))


@pytest.mark.parametrize(("opening", "closing"), OWN)
def test_marks_of_the_task_are_known_to_every_check(opening, closing):
    output = Output(format="json", exact=("/name",), reasoning=OWN)
    draft = f"{opening} {ADA} {closing}"
    assert word(ExactFields(("/name",), output.wrappers), draft + BOB, NAMES_ADA) == "wrong_value"
    assert word(ExactFields(("/name",), output.wrappers), draft, NAMES_ADA) == "no_json"
    assert word(NoExtraText(output.wrappers), draft + BOB) == "think_block"
    assert word(TEXT_CHECKS["quotes"], f"{opening} Ada Byron {closing} no", ADD) == "passed"
    assert word(Quotes(("who",), Wrappers(OWN)), f"{opening} Ada Byron {closing} no", ADD) == (
        "wrong_value"
    )


def test_marks_of_the_task_are_escaped_and_exact():
    own = Wrappers(((".*", "(a|b)"),))
    assert own.answer(".*x(a|b)ok").strip("\f") == "ok"
    assert own.answer("x(A|B)ok") == "x(A|B)ok"


@pytest.mark.parametrize(
    ("reasoning", "said"),
    [
        ([["", "b"]], "must not be blank"),
        ([["a", " \n"]], "must not be blank"),
        ([["a", "a"]], "'a' opens and closes reasoning"),
        ([["a", "b"], ["b", "c"]], "'b' opens and closes reasoning"),
    ],
)
def test_marks_of_the_task_that_are_none(reasoning, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Output(format="json", reasoning=reasoning)


@pytest.mark.parametrize(
    "unit",
    [
        "<think>",
        "</think>",
        "<think>{</think>",
        "<think><think></think>",
        "[THINK]{",
        '{a:\\"</think>',
        '{"</think>',
        '["",</think>',
        "{} </think>",
        "<tool_call>{",
        "<|channel|>analysis<|message|>",
        "<|start|>assistant",
        "<think ",
        "</think>\n1\n",
    ],
)
def test_the_time_is_linear_in_adversarial_marks(unit):
    def seconds(size: int) -> float:
        text = "x" + (unit * size)[:size]
        started = time.process_time()
        judge(NoExtraText(), text)
        KNOWN_WRAPPERS.answer(text)
        return time.process_time() - started

    assert seconds(80_000) < 1 + 8 * seconds(20_000)
