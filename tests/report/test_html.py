"""The page: what it says, and that nothing a model wrote can become more than text."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from harness.core.completion import FinishReason
from harness.core.printable import printable
from harness.core.record import RunRecord, Sample
from harness.core.verdict import FailureCode, Verdict
from harness.gate.compare import Change
from harness.gate.policy import GatePolicy
from harness.report.html import render, replay_command
from harness.report.page.embed import EmbeddedSide
from harness.report.report import report_on
from tests.gating import pair
from tests.report.right_and_wrong import right_and_wrong
from tests.synthetic import (
    ADAPTER,
    BASE,
    BEHAVES,
    CHATTERS,
    TASK,
    brackets,
    broken,
    fenced,
    good,
    record,
    record_of,
    sample,
    samples,
    values,
    with_text,
)

HOSTILE = (
    "<script>window.owned = 1</script>",
    "</script><script>window.owned = 1</script>",
    "<!-- <script> --> ]]>",
    "</pre></article></details><img src=x onerror=window.owned=1>",
    '" onmouseover="window.owned=1" x="',
    "' autofocus onfocus='window.owned=1",
    "<a href=javascript:window.owned=1>x</a>",
    "<style>body{display:none}</style><meta http-equiv=refresh content=0>",
    "{{ 7 * 7 }}{% for x in y %}",
    "\u202egnp.exe\u202c \u2066\u200b",
    "\x00\x01\x1b[2J\x7f\x85\x9b",
    "\ud800 \udfff \udc00\ud800",
    "\u2028\u2029\ufeff\ufffe\uffff",
    "&lt;script&gt;&amp;&#60;",
    "\U0001f600 é 你好 שלום",
    "__proto__",
    "constructor",
)
CONTENT = {"html", "head", "meta", "title", "link", "style", "body", "script"}
INK = {"a", "header", "p", "span", "main", "section", "div", "h1", "h2", "h3", "h4", "h5", "nav"}
PARTS = {"table", "thead", "tbody", "tr", "th", "td"}
DRAWN = {"svg", "line", "circle", "rect", "text", "polyline", "g", "defs"}
FORMS = {"form", "label", "input", "select", "option", "button", "output"}
TEXTS = {"details", "summary", "pre", "article", "i", "b", "code", "mark", "ul", "li", "footer"}
CHANGES = {"ins", "del", "figure", "figcaption"}
VOID = {"meta", "link", "input", "wbr"}
TAGS = CONTENT | INK | PARTS | DRAWN | FORMS | TEXTS | CHANGES | VOID


class Reader(HTMLParser):
    """Reads a page, and refuses what it must not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        if tag not in VOID:
            self.open.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def values(self, name: str) -> list[str]:
        return [value for _, found, value in self.attributes if found == name]


def read(page: str) -> Reader:
    """Every tag closed, nothing that runs or loads."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    names = {name for _, name, _ in reader.attributes}
    assert not {n for n in names if n.startswith("on")} | names & {"style", "src", "srcdoc"}
    assert all(re.match(r"#|data:,$", link) for link in reader.values("href"))
    assert len(reader.texts["script"]) == 2
    return reader


def data_of(page: str) -> Any:
    return json.loads(read(page).texts["script"][0])


def page_of(run: RunRecord, *more: RunRecord) -> str:
    page = render(report_on(run, *more))
    page.encode()
    return page


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(record(60))


def text_of(page: str) -> str:
    """The text that a reader sees, blanks collapsed."""
    reader = read(page)
    kept = (
        t for tag, found in reader.texts.items() if tag not in ("script", "style") for t in found
    )
    return " ".join(" ".join(kept).split())


def test_it_begins_with_the_verdict_in_words(page: str) -> None:
    reader = read(page)
    assert reader.texts["h2"][0] == ("format_success_rate rose from 8.3% to 98.3% (+90.0 points).")
    assert "Of 60 cases, 54 were fixed, none broke, 1 still fails, 5 still pass." in text_of(page)
    assert "95% intervals: 2.8 to 18.4% before, 91.1 to 100.0% after." in text_of(page)
    assert "After: all 5 budgets are met." in text_of(page)


def test_the_policy_lets_in_what_the_page_brings_and_nothing_else(page: str) -> None:
    reader = read(page)
    [policy] = [v for v in reader.values("content") if "default-src" in v]
    for directive, text in (
        ("style", reader.texts["style"][0]),
        ("script", reader.texts["script"][1]),
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive}-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in page.replace("http-equiv", "")
    assert "https:" not in page


def test_charts_say_in_words_what_they_show(page: str) -> None:
    labels = read(page).values("aria-label")
    assert any(
        re.match(r"json_validity: before \d+\.\d%, interval .* after 98\.3%, .*; budget 95\.0%", x)
        for x in labels
    )


def test_each_bucket_counts_its_cases(page: str) -> None:
    shown = re.sub(r"<[^>]+>", "", page)
    for title, count in (("Regressed", 0), ("Fixed", 54), ("Still failing", 1), ("Unchanged", 5)):
        assert re.search(rf"\b{title} {count} ", shown)
    assert "Not judged" not in read(page).texts["span"]
    assert [side["name"] for side in data_of(page)["sides"]] == ["tiny", "json_extraction"]
    assert data_of(page)["pair"] == [0, 1]
    assert len(data_of(page)["tasks"][0]["cases"]) == 60


def test_regressions_are_readable_without_a_script() -> None:
    found = values(70)
    before = [sample(BASE, i, v, good(v)) for i, v in enumerate(found)]
    after = [sample(ADAPTER, i, v, fenced(v)) for i, v in enumerate(found)]
    page = page_of(record_of([(BASE, before), (ADAPTER, after)]))
    assert page.count('<article class="case">') == 40
    assert "30 more cases are shown when JavaScript is on" in page
    assert (
        '<mark class="m" title="json_validity: markdown_fence; no_extra_text: markdown_fence">'
        in page
    )
    assert "a Markdown fence before the value" in page


def test_a_model_alone_has_failing_and_passing_cases() -> None:
    page = page_of(record(30, [(BASE, CHATTERS)]))
    assert re.search(r"format_success_rate is \d+\.\d% of 30 cases \(95% interval", text_of(page))
    assert "Failing" in read(page).texts["span"]
    assert "Passing" in read(page).texts["span"]
    assert "Regressed" not in page
    assert {len(row) for row in data_of(page)["tasks"][0]["cases"]} == {8}


def test_every_model_has_a_column_and_the_first_and_last_are_the_pair() -> None:
    other = "gguf:out/m.gguf"
    page = page_of(record(10, [(BASE, CHATTERS), (other, BEHAVES), (ADAPTER, BEHAVES)]))
    assert {"m.gguf", "tiny", "json_extraction"} <= set(read(page).texts["span"])
    assert f'title="{other}"' in page


def test_two_runs_name_what_differs() -> None:
    before, after = record(10, run_id="a"), record(10, run_id="b")
    task = replace(after.tasks[0], sampling=replace(after.tasks[0].sampling, temperature=0.7))
    page = page_of(before, replace(after, tasks=(task,)))
    assert "The two sides were not asked the same: json_extraction: temperature differ." in page
    assert "The two sides" not in page_of(before, after)


def test_errors_partial_runs_and_cut_off_answers_are_said() -> None:
    value = values(1)[0]
    found = [sample(BASE, 1, value, broken(value)), sample(BASE, 2, value, brackets(value))]
    run = record_of([(BASE, found)])
    models = (replace(run.models[0], error="killed by signal 9 <b>"),)
    text = text_of(page_of(replace(run, models=models, status="partial")))
    assert "was interrupted" in text
    assert "killed by signal 9 <b>" in text
    assert "No completion: killed by signal 9" in text
    assert "the token limit cut it off" in text
    assert "1 error" in text


def test_a_run_that_judged_nothing_is_a_page() -> None:
    run = record(1)
    empty = replace(run, tasks=(), results=(), samples=())
    assert "This run judged no task." in page_of(empty)


def hostile_record(text: str) -> RunRecord:
    """The text wherever a record may hold one."""
    verdict = Verdict.failed(FailureCode.SYNTAX, text, (0, min(4, len(text))))
    value = values(1)[0]

    def spoil(model: str, number: int) -> Sample:
        found = sample(model, number, value, good(value), task=f"t{text}", prompt=f"{number}{text}")
        found = with_text(found, f"{text} x", **{f"b{text}": verdict, "json_validity": verdict})
        return replace(found, case_id=f"{number}{text}", tags=(text,), template=text)

    error = replace(spoil(ADAPTER, 2).completion, error=text, finish_reason=FinishReason.ERROR)
    run = record_of(
        [
            (BASE, [spoil(BASE, 1), spoil(BASE, 2)]),
            (ADAPTER, [spoil(ADAPTER, 1), replace(spoil(ADAPTER, 2), completion=error)]),
        ]
    )
    return replace(
        run,
        models=tuple(
            replace(m, name=f"n{text}", error=text, base=text, dtype=text) for m in run.models
        ),
        tasks=(
            replace(run.tasks[0], name=f"t{text}", description=text, required=("json_validity",)),
        ),
        results=tuple(
            replace(r, task=f"t{text}", behavior=r.behavior + text, codes={text: 3}, reason=text)
            for r in run.results
        ),
        command=(text,),
        environment={text: text, "packages": {text: [text]}},
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    run = hostile_record(text)
    for page in (page_of(run), page_of(replace(run, models=run.models[:1])), page_of(run, run)):
        reader = read(page)
        if "<" in text:
            assert text in reader.texts["h4"][0] or any(text in t for t in reader.texts["pre"])
        assert printable(page, one_line=False) == page
        assert "49" not in reader.texts["pre"]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_script_gets_the_very_text(text: str) -> None:
    task = data_of(page_of(hostile_record(text)))["tasks"][0]
    assert f"{text} x" in task["texts"]
    assert text in task["names"]
    assert task["cases"][0][0] == f"1{text}"


def test_offsets_count_as_javascript_does() -> None:
    value = values(1)[0]
    found = with_text(
        sample(BASE, 1, value, good(value)),
        "\U0001f600\U0001f600!é",
        json_validity=Verdict.failed(FailureCode.SYNTAX, "", (2, 3)),
    )
    [task] = data_of(page_of(record_of([(BASE, [found])])))["tasks"]
    assert task["cases"][0][7][3][0][:2] == [4, 5]


def test_huge_texts_are_cut_around_the_failure_and_said_so() -> None:
    value = values(1)[0]
    text = "<" * 2_000_000 + "!" + ">" * 2_000_000
    failed = Verdict.failed(FailureCode.SYNTAX, "", (2_000_000, 2_000_001))
    found = with_text(sample(BASE, 1, value, good(value)), text, json_validity=failed)
    page = page_of(record_of([(BASE, [found])]))
    assert len(page) < 400_000
    assert '<mark class="m" title="json_validity: syntax">!</mark>' in page
    assert "1,995,000 characters before" in page
    assert "Texts of more than 20,000 characters are cut here" in page


def test_many_long_texts_are_cut_shorter() -> None:
    long = [with_text(s, s.completion.text * 300) for s in samples(BASE, 200, BEHAVES, 1)]
    page = page_of(record_of([(BASE, long)]))
    assert len(page.encode()) < 4_000_000
    assert "Texts of more than 4,000 characters are cut here" in page


def test_the_page_is_a_function_of_its_records(page: str) -> None:
    assert page == page_of(record(60))


@pytest.mark.parametrize(
    ("case_id", "word"),
    [
        ("pay-0001", "pay-0001"),
        ("a b", "'a b'"),
        ("a';rm -rf /", "'a'\\'';rm -rf /'"),
        ("é", "'é'"),
    ],
)
def test_a_replay_command_is_one_word_a_name(case_id: str, word: str) -> None:
    side = EmbeddedSide("m", "base:m", "run", "")
    command = f"harness replay run {word} --task task"
    assert replay_command(side, case_id, "task") == command
    assert replay_command(side, case_id, "task", 2) == f"{command} --repeat 2"
    assert replay_command(side._replace(model="base:a b"), case_id, "task") == (
        f"{command} --model 'base:a b'"
    )


def test_the_gate_has_the_first_word() -> None:
    runs = pair(300, broke=14, fixed=4, failing=7)
    reader = read(render(report_on(*runs, policy=GatePolicy())))
    assert reader.texts["h2"][0] == ": format_success_rate fell from 96.3% to 93.0%."
    page = render(report_on(*runs, policy=GatePolicy()))
    assert '<div class="hero regression">' in page
    assert '<span class="word">REGRESSION</span>: format_success_rate fell' in page
    assert "94% interval \N{MINUS SIGN}6.4 to \N{MINUS SIGN}0.6; 14 cases broke" in page
    assert "14 cases broke, 4 were fixed." in page
    assert "\N{MINUS SIGN}6.4 to \N{MINUS SIGN}0.6</span>" in page
    unlike = replace(runs[1], status="partial")
    assert "Not comparable: the run after" in render(
        report_on(runs[0], unlike, policy=GatePolicy())
    )


def test_states_are_the_changes_that_the_buckets_name() -> None:
    page = page_of(record(60))
    states = {s for value in read(page).values("data-states") for s in value.split("|")}
    assert states <= {change.value for change in Change}
    assert TASK in page


def test_the_first_cases_to_read_lie_open(page: str) -> None:
    opened = re.findall(r'data-states="([^"]+)" open', page)
    assert opened == ["regressed", "fixed"], "nothing regressed, so what was fixed comes next"
    found = values(2)
    before = [
        sample(BASE, i, v, way(v))
        for i, (v, way) in enumerate(zip(found, (good, fenced), strict=True))
    ]
    after = [
        sample(ADAPTER, i, v, way(v))
        for i, (v, way) in enumerate(zip(found, (fenced, good), strict=True))
    ]
    both = page_of(record_of([(BASE, before), (ADAPTER, after)]))
    assert re.findall(r'data-states="([^"]+)" open', both) == ["regressed"]


def test_a_behavior_that_is_not_required_fails_nobody() -> None:
    value = values(1)[0]
    found = sample(BASE, 1, value, good(value))
    found = with_text(found, "{}", extra=Verdict.failed(FailureCode.EMPTY, "only a remark"))
    page = page_of(record_of([(BASE, [found])]))
    assert '<span class="verdict part">passes format, empty</span>' in page
    assert "only a remark" in page


def test_a_wrong_value_in_the_right_format_is_no_green_pass() -> None:
    page = page_of(right_and_wrong())
    assert '<span class="verdict part">passes format, wrong value</span>' in page
    assert '<p class="second">Right answers (exact_fields) fell from 60.0% to 40.0%' in page
