"""What stands around the value: which code, and which text is pointed at."""

import pytest

from harness.checks.no_extra_text import NoExtraText
from tests.checks.judging import judge, pointed, word

CHECK = NoExtraText()
PIECES = [
    ("Sure! {}", "text_before", "Sure!"),
    ("Sure!\n\n{} ok", "text_before", "Sure!"),
    (" \n a b \n[1]", "text_before", "a b"),
    ("```json\n{}\n```", "markdown_fence", "```json"),
    ("````\n{}", "markdown_fence", "````"),
    ("~~~ x\n{}", "markdown_fence", "~~~ x"),
    ("```{}```", "markdown_fence", "```"),
    ("``{}``", "text_before", "``"),
    ("{}\n``` \n", "markdown_fence", "``` "),
    ("{}\n~~~", "markdown_fence", "~~~"),
    ("<think>a</think> {}", "think_block", "<think>a</think>"),
    ("<think>a {}", "no_json", "<think>a {}"),
    ("<think><think>a</think>b {}", "think_block", "<think><think>a</think>"),
    ("a </think> {}", "think_block", "a </think>"),
    ("a <think>b</think> {}", "text_before", "a <think>b</think>"),
    ("{} <think>a", "think_block", "<think>a"),
    ("{} <think>a</think> b", "think_block", "<think>a</think>"),
    ("{} a </think>", "text_after", "a </think>"),
    ("<|im_start|>a\n{}", "special_token", "<|im_start|>"),
    ("{}<|im_end|>\n<|x|>", "special_token", "<|im_end|>"),
    ("{}</s>", "special_token", "</s>"),
    ("<<SYS>>{}", "special_token", "<<SYS>>"),
    ("[/INST]{}", "special_token", "[/INST]"),
    ("{}<eos>", "special_token", "<eos>"),
    ("{}[PAD][PAD]", "special_token", "[PAD]"),
    ("{}<start_of_turn>", "special_token", "<start_of_turn>"),
    ("{}<0x0A>", "special_token", "<0x0A>"),
    ("<tool_call>{}", "special_token", "<tool_call>"),
    ("<|" + "a" * 60 + "|>{}", "special_token", "<|" + "a" * 60 + "|>"),
    ("<|" + "a" * 61 + "|>{}", "text_before", "<|" + "a" * 61 + "|>"),
    ("<||>{}", "text_before", "<||>"),
    ("<b>{}", "text_before", "<b>"),
    ("{} ok", "text_after", "ok"),
    ("{}}", "text_after", "}"),
    ("{}, ok \n", "text_after", ", ok"),
    ("{} {}", "second_document", "{}"),
    ('{}; {"a"', "second_document", '; {"a"'),
    ("{} { 'a'", "second_document", "{ 'a'"),
    ("{} {", "second_document", "{"),
    ("{} [", "second_document", "["),
    ("{} [[1]]", "second_document", "[[1]]"),
    ("{} [-1]", "second_document", "[-1]"),
    ("{} 42 ", "second_document", "42"),
    ("{} true", "second_document", "true"),
    ("{} true or not", "text_after", "true or not"),
    ("{} [x]", "text_after", "[x]"),
    ("{} {x}", "text_after", "{x}"),
    ("nothing here", "no_json", "nothing here"),
    (" ", "empty", " "),
]


@pytest.mark.parametrize(("text", "code", "piece"), PIECES)
def test_first_piece(text, code, piece):
    verdict = judge(CHECK, text)
    assert (verdict.code, pointed(verdict, text)) == (code, piece)


@pytest.mark.parametrize("text", ["{}", " \t\r\n[1]\n", '{"a": 1,}', '{"a": 1', "[[[", "NaN", '"x'])
def test_a_defect_of_the_value_is_no_extra_text(text):
    assert word(CHECK, text) == "passed"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Hi {}", "expected nothing before the JSON, found text: Hi"),
        ("{}\nHi\x1b", "expected nothing after the JSON, found text: Hi\u241b"),
        ("``` \n{}", "expected nothing before the JSON, found a Markdown fence: ```"),
        (
            "<think></think>{}",
            "expected nothing before the JSON, found a think block: <think></think>",
        ),
        ("{}<eos>", "expected nothing after the JSON, found a special token: <eos>"),
        ("{}[]", "expected nothing after the JSON, found a second JSON value: []"),
        ("no", "expected JSON, found no JSON value"),
        ("", "expected JSON, found nothing at all"),
        ("\n", "expected JSON, found nothing but blanks"),
    ],
)
def test_reason(text, reason):
    assert judge(CHECK, text).reason == reason
