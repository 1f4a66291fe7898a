"""What must hold for any value, any prose and any text."""

import json
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.checks.bracket_repetition import NoBracketRuns
from harness.checks.exact_fields import ExactFields
from harness.checks.grounding import Grounding
from harness.checks.json.document import read_document
from harness.checks.json_validity import JsonValidity
from harness.checks.no_extra_text import NoExtraText
from harness.checks.repetition import NoTextLoop
from harness.checks.schema.schema import compile_schema
from harness.core.printable import printable
from harness.core.verdict import Outcome
from harness.tasks.judging import judge_line
from tests.checks.judging import case, judge, line, word
from tests.json_values import values

# Derandomized: a test never depends on luck.
SETTINGS = settings(
    derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)

containers = st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=6), values, max_size=4)
blanks = st.text(" \t\r\n", max_size=5)
prose = st.text(string.ascii_letters + " .,!?'-", min_size=1, max_size=30).filter(str.strip)
hostile = st.text(
    st.sampled_from('{}[]"\\:,019.eE-+tfnu \n\r\t`<>/|ab\x00\x1b\ud800\u202e\ufeffNI'), max_size=60
)
brackets = st.text("{}[]", min_size=1, max_size=40)


@SETTINGS
@given(values, st.booleans(), st.sampled_from([None, 1, 4]))
def test_any_value_serialized_is_valid(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    for check in (JsonValidity(), NoExtraText(), NoBracketRuns()):
        assert word(check, text) == "passed"


@SETTINGS
@given(values, blanks, blanks)
def test_it_stays_valid_under_blanks(value, before, after):
    text = before + json.dumps(value) + after
    assert word(JsonValidity(), text) == "passed"
    assert word(NoExtraText(), text) == "passed"


@SETTINGS
@given(containers, prose)
def test_prose_around_it_is_extra_text(value, words):
    text = json.dumps(value)
    for whole in (words + text, text + words, words + text + words, words + "\n" + text):
        assert judge(NoExtraText(), whole).outcome is Outcome.FAILED
        assert judge(JsonValidity(), whole).outcome is Outcome.FAILED


@SETTINGS
@given(st.dictionaries(st.text(max_size=6), values, min_size=1, max_size=4), prose, prose)
def test_prose_does_not_hide_the_value(value, before, after):
    text = json.dumps(value)
    document = read_document(f"{before}\n{text}\n{after}")
    assert document.text[document.start : document.end] == text


@SETTINGS
@given(brackets)
def test_brackets_in_strings_never_count(run):
    text = json.dumps({"a": run, run: [run]})
    assert word(NoBracketRuns(), text) == "passed"
    assert word(NoBracketRuns(), text[:-1]) == "passed"
    assert word(NoExtraText(), text) == "passed"


@SETTINGS
@given(st.integers(3, 60), st.sampled_from("]}"))
def test_closers_that_close_nothing_are_a_loop(count, closer):
    assert word(NoBracketRuns(), '{"a": 1}' + closer * count) == "bracket_loop"
    assert word(JsonValidity(), '{"a": 1}' + closer * count) == "bracket_loop"


@SETTINGS
@given(st.integers(1, 3000), st.sampled_from([("[", "]"), ('{"a":', "}"), ("[ ", " ]")]))
def test_balanced_nesting_is_never_repetition(depth, pair):
    text = pair[0] * depth + "1" + pair[1] * depth
    assert word(NoBracketRuns(), text) == "passed"
    assert word(JsonValidity(), text) == "passed"
    assert word(NoTextLoop(), text) == "passed"


@SETTINGS
@given(containers.filter(bool), st.data())
def test_no_proper_beginning_of_a_container_is_valid(value, data):
    text = json.dumps(value)
    cut = data.draw(st.integers(1, len(text) - 1))
    verdict = judge(JsonValidity(), text[:cut])
    assert verdict.outcome is Outcome.FAILED
    assert verdict.code in ("truncated", "unclosed", "bracket_loop")


@SETTINGS
@given(hostile)
def test_validity_agrees_with_the_strict_standard_library(text):
    def refuse(_):
        raise ValueError

    try:
        json.loads(text, parse_constant=refuse)
        expected = Outcome.PASSED
    except ValueError:
        expected = Outcome.FAILED
    assert judge(JsonValidity(), text).outcome is expected


def line_of(text, number=0):
    return line(
        id=number,
        completion=text,
        prompt="Ada paid $47.20 on 2024-03-05.",
        schema={"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
        timestamps={"/d": "date"},
        grounded=["/a"],
        reference={"a": 1},
        leaf_values=True,
        items={"/list": {"max": 2}},
        finish_reason="stop",
    )


@SETTINGS
@given(hostile | values.map(json.dumps))
def test_spans_lie_in_the_text_and_reasons_are_one_safe_line(text):
    for verdict in judge_line(line_of(text)).values():
        assert verdict.outcome in (Outcome.PASSED, Outcome.FAILED)
        assert printable(verdict.reason) == verdict.reason
        assert len(verdict.reason) < 500
        if verdict.outcome is Outcome.FAILED:
            assert verdict.span is not None
            assert 0 <= verdict.span[0] <= verdict.span[1] <= len(text)


@SETTINGS
@given(st.lists(hostile | containers.map(json.dumps), min_size=2, max_size=6), st.randoms())
def test_verdicts_do_not_depend_on_company_or_order(texts, random):
    alone = {text: dict(judge_line(line_of(text))) for text in texts}
    shuffled = list(texts)
    random.shuffle(shuffled)
    assert {text: dict(judge_line(line_of(text))) for text in shuffled} == alone


@SETTINGS
@given(containers.map(json.dumps) | hostile, st.data())
def test_verdicts_do_not_depend_on_how_the_text_was_put_together(text, data):
    cut = data.draw(st.integers(0, len(text)))
    joined = "".join([text[:cut], text[cut:]])
    copy = bytes(text, "utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
    assert judge_line(line_of(joined)) == judge_line(line_of(copy)) == judge_line(line_of(text))


@SETTINGS
@given(st.dictionaries(st.text(max_size=6), values, max_size=4))
def test_a_value_equals_itself_and_satisfies_what_describes_it(value):
    text = json.dumps(value)
    assert word(ExactFields(("",)), text, case(reference=value)) == "passed"
    assert not compile_schema({"const": value}).errors(read_document(text).value)
    assert not compile_schema({"enum": [1, value]}).errors(read_document(text).value)


@SETTINGS
@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=2), st.data())
def test_a_number_is_grounded_however_its_thousands_are_grouped(number, data):
    form = data.draw(st.sampled_from(["{}", "{:,}", "{:.3f}", "{:,.2f}"]))
    shown = form.format(number) if "f" not in form or abs(number) < 10**12 else str(number)
    prompt = case(f"It was {shown} then.")
    exact = number if "." not in shown else shown.replace(",", "")
    assert word(Grounding(("/v",)), f'{{"v": {exact}}}', prompt) == "passed"


@SETTINGS
@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%B %d, %Y", "%d %b %Y", "%m/%d/%Y", "%Y%m%d"]))
def test_a_day_is_grounded_however_it_is_written(day, form):
    prompt = case(f"On {day.strftime(form) if day.year >= 1000 else day.isoformat()} it was.")
    assert word(Grounding(("/v",)), f'{{"v": "{day.isoformat()}"}}', prompt) == "passed"
