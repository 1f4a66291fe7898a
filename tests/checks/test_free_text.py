"""Checks of letters: sections, quotes, patterns, words, and what stands around them."""

import pytest

from harness.checks.expected import ExpectedText
from harness.checks.forbidden import NoForbiddenText
from harness.checks.quotes import Quotes
from harness.checks.sections import Sections
from harness.checks.text.grounded_patterns import GroundedPatterns
from harness.checks.text.no_text_around_sections import NoTextAroundSections
from harness.checks.words import WordWindow
from harness.core.errors import HarnessError
from tests.checks.judging import case, judge, pointed, word

HEADINGS = ("To:", "Dispute:", "Sincerely,")
LETTER = "To: Bank\nDispute: I dispute $24.76.\nSincerely,\nAda Byron"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LETTER, "passed"),
        ("  " + LETTER.replace("\n", "\n\t"), "passed"),
        (LETTER.replace("Dispute:", "dispute:"), "missing_key"),
        (LETTER.replace("\nDispute:", " Dispute:"), "missing_key"),
        (LETTER.replace("To:", "Dear"), "missing_key"),
        ("Sincerely,\nTo: x\nDispute: y", "schema_other"),
        ("To: x\nSincerely,\nDispute: y", "schema_other"),
        ("re To: x\n" + LETTER, "passed"),
        ("", "missing_key"),
    ],
)
def test_sections(text, expected):
    assert word(Sections(HEADINGS), text) == expected


def test_sections_reasons():
    verdict = judge(Sections(HEADINGS), "To: x")
    assert verdict.reason == "expected a line that begins with 'Dispute:' and one with 'Sincerely,'"
    assert verdict.span == (0, 5)
    text = "To: x\nSincerely,\nDispute: y"
    verdict = judge(Sections(HEADINGS), text)
    assert verdict.reason == "expected 'Sincerely,' after 'Dispute:', found it before"
    assert pointed(verdict, text) == "Sincerely,"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c", "passed"),
        (" a\nb\tc\nd ", "passed"),
        ("a b", "schema_other"),
        ("a b c d e", "schema_other"),
        ("", "empty"),
        (" \n", "empty"),
    ],
)
def test_words(text, expected):
    assert word(WordWindow(3, 4), text) == expected


def test_words_reason():
    verdict = judge(WordWindow(3, 4), "a b")
    assert verdict.reason == "expected 3 to 4 words, found 2"
    assert verdict.span == (0, 3)
    assert word(WordWindow(0, 4), "") == "passed"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ADA  byron owes $24.76.", "passed"),
        ("Ada Byrons owes 24.76", "wrong_value"),
        ("Ada Byron owes 24.761", "wrong_value"),
        ("Ada Byron owes 124.76", "wrong_value"),
        ("", "wrong_value"),
    ],
)
def test_quotes(text, expected):
    check = Quotes(("name", "amount"))
    given = case(variables={"name": "Ada Byron", "amount": "24.76"})
    assert word(check, text, given) == expected


def test_quotes_reasons():
    verdict = judge(Quotes(("n",)), "x", case(variables={"n": "Ada"}))
    assert verdict.reason == "expected the n 'Ada' in the text, found it nowhere"
    assert verdict.span == (0, 1)
    assert word(Quotes(("n",)), "7 it is", case(variables={"n": 7})) == "passed"
    verdict = judge(Quotes(("n",)), "x")
    assert (verdict.outcome, verdict.code) == ("error", "task_error")
    assert verdict.reason == "the case has no variable 'n', give it one"


PATTERNS = (
    ("account", r"\b[0-9]{4}-[0-9]{4}\b"),
    ("amount", r"\$[0-9,.]+[0-9]"),
    ("date", r"[0-9-]{10}"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Account 2558-1351, $1,024.76, 2027-03-10", "passed"),
        ("Account 2558-1351, $1024.76", "passed"),
        ("nothing", "passed"),
        ("Account 2558-1352", "ungrounded"),
        ("$24.76", "ungrounded"),
        ("2027-03-11", "ungrounded"),
    ],
)
def test_grounded_patterns(text, expected):
    prompt = case("On March 10, 2027 account 2558-1351 had $1,024.76.")
    assert word(GroundedPatterns(PATTERNS), text, prompt) == expected


def test_grounded_patterns_reason():
    text = "2558-1351 or 1111-2222"
    verdict = judge(GroundedPatterns(PATTERNS), text, case("account 2558-1351"))
    assert verdict.reason == 'the account "1111-2222" does not occur in the prompt'
    assert pointed(verdict, text) == "1111-2222"


FORBIDDEN = (("law", r"(?i)\bfcra\b"), ("line", "^PS"), ("blank", "x*"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a letter", "passed"),
        ("under FCRA", "ungrounded"),
        ("a\nPS: b", "ungrounded"),
        ("a PS: b", "passed"),
        ("", "passed"),
        ("ax", "ungrounded"),
    ],
)
def test_forbidden(text, expected):
    assert word(NoForbiddenText(FORBIDDEN), text) == expected


def test_forbidden_reason():
    verdict = judge(NoForbiddenText(FORBIDDEN), "the fcra says")
    assert verdict.reason == "expected no law, found 'fcra'"
    assert verdict.span == (4, 8)


EXPECTED = (("city", r"(?i)\bparis\b"), ("end", r"^Bye\Z"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is PARIS.\nBye", "passed"),
        ("It is PARIS.\nBye now", "wrong_value"),
        ("Comparison\nBye", "wrong_value"),
        ("", "empty"),
        (" \n", "empty"),
    ],
)
def test_expected(text, expected):
    assert word(ExpectedText(EXPECTED), text) == expected


def test_expected_reason():
    verdict = judge(ExpectedText(EXPECTED), "Rome")
    assert verdict.reason == r"expected the city, found nothing that (?i)\bparis\b matches"
    assert verdict.span == (0, 4)


def test_a_match_of_no_characters_is_none():
    assert word(ExpectedText((("blank", "x*"),)), "a") == "wrong_value"


@pytest.mark.parametrize("check", [ExpectedText, NoForbiddenText, GroundedPatterns])
def test_patterns_that_cannot_be_run(check):
    with pytest.raises(HarnessError, match=r"'\(' is no regular expression: "):
        check((("a", "("),))
    verdict = judge(check((("slow", "^(a|aa|aaa|a?)+$"),)), "a" * 40 + "b")
    assert (verdict.outcome, verdict.code) == ("error", "task_error")
    assert verdict.reason.startswith("the pattern slow did not finish within 0.5 s: write it ")


AROUND = NoTextAroundSections(HEADINGS)


@pytest.mark.parametrize(
    ("text", "code", "piece"),
    [
        (LETTER, None, None),
        (" \n" + LETTER + "\n\n", None, None),
        (LETTER.replace("Ada", "Ada\nof"), None, None),
        ("Sure:\n" + LETTER, "text_before", "Sure:"),
        ("```\n" + LETTER + "\n```", "markdown_fence", "```"),
        (LETTER + "\n```", "markdown_fence", "```"),
        (LETTER + "\n~~~", "markdown_fence", "~~~"),
        (LETTER + "\n\nI hope this helps!", "text_after", "I hope this helps!"),
        (LETTER + "\n \nBye", "text_after", "Bye"),
        (LETTER + "<|im_end|>", "special_token", "<|im_end|>"),
        (LETTER + "\n<|im_end|>", "special_token", "<|im_end|>"),
        (LETTER + "\n</s>", "special_token", "</s>"),
        (LETTER.replace("I dispute", "<think>x</think>"), "think_block", "<think>x</think>"),
        (LETTER.replace("I dispute", "```"), "markdown_fence", "``` $24.76."),
        ("<think>x</think>" + LETTER, "think_block", "<think>x</think>"),
        ("Dear bank,\nSincerely,\nAda", "text_before", "Dear bank,"),
        ("To: x\nDispute: y\n\nSincerely\n\nx", None, None),
        ("Sincerely,\nAda\n\nTo: x", "text_after", "To: x"),
        ("I cannot do that.", "text_before", "I cannot do that."),
        ("To: x\nno end\n\nof it", None, None),
        ("", "empty", ""),
        (" \n", "empty", " \n"),
    ],
)
def test_text_around_sections(text, code, piece):
    verdict = judge(AROUND, text)
    assert verdict.code == code
    if piece is not None:
        assert pointed(verdict, text) == piece


def test_reasons_around_sections():
    assert (
        judge(AROUND, "Hi\n" + LETTER).reason == "expected nothing before the text, found text: Hi"
    )
    assert (
        judge(AROUND, LETTER + "\n\nHi").reason == "expected nothing after the text, found text: Hi"
    )
    fenced = "expected nothing after the text, found a Markdown fence: ```"
    assert judge(AROUND, LETTER + "\n```").reason == fenced
    verdict = judge(AROUND, LETTER + "<eos>")
    assert verdict.reason == "expected nothing in the text, found a special token: <eos>"
    assert judge(AROUND, " no ").reason == "expected sections, found text: no"
    assert judge(AROUND, " ").reason == "expected a text, found nothing but blanks"


@pytest.mark.parametrize(
    "check",
    [
        Sections(HEADINGS), WordWindow(0, 9), Quotes(()), GroundedPatterns(()), NoForbiddenText(()),
        AROUND,
    ],
)  # fmt: skip
def test_no_completion_is_an_error(check):
    verdict = judge(check, "", finish="error")
    assert (verdict.outcome, verdict.code) == ("error", "backend_error")
    assert verdict.reason == "the backend failed"
