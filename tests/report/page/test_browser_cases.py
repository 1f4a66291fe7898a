"""The cases in a real browser, as a person reads them: folds by a behavior, a table, one case
alone, keys, copies, and a link that brings all of it back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.record import RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.gate.compare import Change
from harness.report.report import report_on
from tests.report.chromium import Page
from tests.report.page.cases.test_compared import run_of
from tests.report.page.test_browser import COUNT, SEEN, SETTLED, written
from tests.report.page.test_browser_models import MODELS, three_hostile
from tests.report.right_and_wrong import RIGHT, SYSTEM, right_and_wrong
from tests.report.test_html import HOSTILE
from tests.synthetic import ADAPTER, BASE, good, record, record_of, sample, values, with_text

pytestmark = pytest.mark.slow

FOLDS = """Object.fromEntries([...document.querySelectorAll('.bucket')].map((box) =>
  [box.querySelector('.title').textContent, box.querySelector('.tally').textContent]))"""
HASH = "decodeURIComponent(location.hash)"
LINES = "[...document.querySelectorAll('.dense tbody tr')]"
IDS = f"{LINES}.map((row) => row.querySelector('a').textContent)"
VERDICTS = """[...document.querySelectorAll('.case')].filter((c) => c.checkVisibility())
  .map((c) => [...c.querySelectorAll('.verdict')].map((v) => v.textContent).join(' | '))"""
FOCUSED = "document.activeElement.textContent"
PLACE = "document.querySelector('.alone .place').textContent"
TASK = "#task=json_extraction"


def choose(tab: Page, name: str, value: str) -> None:
    tab.evaluate(
        f"((box) => {{ box.value = {json.dumps(value)}; "
        "box.dispatchEvent(new Event('input', { bubbles: true })); })"
        f"(document.querySelector('.filter').elements[{json.dumps(name)}])"
    )


def open_all(tab: Page) -> None:
    tab.evaluate("for (const d of document.querySelectorAll('.bucket')) d.open = true")
    tab.evaluate(SETTLED)


def test_folds_labels_and_filters_follow_the_chosen_behavior(tab: Page, tmp_path: Path) -> None:
    tab.open(written(right_and_wrong(2), tmp_path))
    assert tab.evaluate(FOLDS) == {
        "Regressed": "0",
        "Fixed": "8",
        "Unchanged": "4",
    }
    choose(tab, "behavior", RIGHT)
    assert tab.evaluate(FOLDS) == {
        "Regressed": "4",
        "Fixed": "2",
        "Still failing": "2",
        "Unchanged": "2",
        "Not judged": "2",
    }
    hint = tab.evaluate("document.querySelector('.bucket .hint').textContent")
    assert hint == "exact_fields: passed before, fails after"
    for change, wanted in {
        "regressed": ["passes exact_fields | passes format, wrong value"] * 2
        + ["fails format, passes exact_fields | passes format, wrong value"] * 2,
        "fixed": ["fails format, wrong value | passes exact_fields"] * 2,
        "still failing": ["fails format, wrong value | passes format, wrong value"] * 2,
        "still passing": ["fails format, passes exact_fields | passes exact_fields"] * 2,
        "not judged": ["passes format, exact_fields: not judged"] * 4,
    }.items():
        choose(tab, "change", change)
        open_all(tab)
        assert f"{len(wanted) // (2 if change == 'not judged' else 1)} of 12 cases" == (
            tab.evaluate(COUNT)
        )
        said = " | ".join(tab.evaluate(VERDICTS)).split(" | ")
        assert sorted(said) == sorted(" | ".join(wanted).split(" | ")), change
    choose(tab, "behavior", "")
    choose(tab, "change", "fixed")
    open_all(tab)
    assert "passes format, wrong value" in " ".join(tab.evaluate(VERDICTS))
    before = "getComputedStyle(document.querySelector('.verdict.part'), '::before').content"
    assert tab.evaluate(before) == "none"
    assert tab.problems == []


def test_a_behavior_without_a_verdict_is_not_judged(tab: Page, tmp_path: Path) -> None:
    """Of one side only it is known which behaviors judged it, of an answer which did not."""
    run = right_and_wrong()
    bare = [
        replace(s, verdicts={b: v for b, v in s.verdicts.items() if b != RIGHT})
        if s.model == BASE and s.case_id != "pay-0002"
        else s
        for s in run.samples
    ]
    tab.open(written(replace(run, samples=tuple(bare)), tmp_path), f"{TASK}&behavior={RIGHT}")
    found = tab.evaluate(FOLDS)
    assert (found["Fixed"], found["Not judged"]) == ("1", "5")


def test_a_case_that_passes_by_judging_less_is_undecided_as_the_gate_has_it(
    tab: Page, tmp_path: Path
) -> None:
    """A required behavior judged the answer before and skips the one after: nothing is fixed."""
    run = right_and_wrong()
    skipped = Verdict.skipped("nothing to judge")
    spared = [
        replace(s, verdicts={**s.verdicts, "schema_types": skipped})
        if (s.model, s.case_id) in {(ADAPTER, "pay-0001"), (ADAPTER, "pay-0002")}
        else s
        for s in run.samples
    ]
    path = written(replace(run, samples=tuple(spared)), tmp_path)
    [compared] = report_on(replace(run, samples=tuple(spared))).comparisons
    counts = {change.value: compared.composite.count(change) for change in Change}
    assert counts["not judged"] == 2
    for is_off in (True, False):
        tab.call("Emulation.setScriptExecutionDisabled", value=is_off)
        tab.open(path)
        found = tab.evaluate(FOLDS)
        assert (found["Fixed"], found["Unchanged"], found["Not judged"]) == (
            str(counts["fixed"]),
            str(counts["still passing"]),
            "2",
        )


def test_one_model_is_filtered_by_its_outcome(tab: Page, tmp_path: Path) -> None:
    run = right_and_wrong(models=(BASE,))
    tab.open(written(run, tmp_path), f"{TASK}&behavior={RIGHT}&change=failing")
    assert tab.evaluate(COUNT) == "2 of 6 cases"
    assert tab.evaluate(FOLDS) == {"Failing": "2", "Passing": "0"}
    choose(tab, "change", "not judged")
    assert tab.evaluate(FOLDS)["Not judged"] == "1"
    assert tab.problems == []


def test_a_table_has_thirty_cases_a_screen_sorted_with_chosen_columns(
    tab: Page, tmp_path: Path
) -> None:
    tab.resize(1400, 900)
    path = written(record(300), tmp_path)
    tab.open(path)
    tab.click("[data-view=table]")
    tab.evaluate("document.querySelector('.dense').scrollIntoView({ behavior: 'instant' })")
    inside = "(box => box.top >= 0 && box.bottom <= innerHeight)(row.getBoundingClientRect())"
    assert tab.evaluate(f"{LINES}.filter((row) => {inside}).length") >= 30
    assert tab.evaluate(IDS)[:2] == ["pay-0001", "pay-0002"]

    tab.click(".dense .sort[data-column=change]")
    change = f"{LINES}.map((row) => row.cells[1].textContent)"
    assert tab.evaluate(change)[:3] == ["broke", "broke", "was fixed"]
    assert tab.evaluate("document.querySelector('[aria-sort]').ariaSort") == "ascending"
    assert tab.evaluate("document.activeElement.dataset.column") == "change"
    tab.click(".dense .sort[data-column=case]")
    tab.click(".dense .sort[data-column=case]")
    assert tab.evaluate(IDS)[:2] == ["pay-0300", "pay-0299"]
    assert "sort=-case" in tab.evaluate(HASH)

    tab.click(".dense .columns summary")
    tab.click(".dense .columns input[value=prompt]")
    assert tab.evaluate("document.activeElement.value") == "prompt"
    tab.click(".dense .columns input[value='is.json_validity']")
    heads = "[...document.querySelectorAll('.dense thead th')].map((th) => th.innerText.trim())"
    shown = ["case ▼", "change", "before", "after", "json_validity", "answer after"]
    assert tab.evaluate(heads) == shown
    marks = f"{LINES}.map((row) => row.cells[4].textContent.replace(/[a-z ]/g, ''))"
    assert {"✓→✓", "✗→✓"} <= set(tab.evaluate(marks)) <= {"✓→✓", "✗→✓", "✓→✗", "✗→✗"}
    tab.click(".dense .more")
    assert len(tab.evaluate(IDS)) == 120
    assert tab.evaluate(FOCUSED) == "pay-0240"

    again = tab.evaluate("location.hash")
    tab.open(path, again)
    assert tab.evaluate(heads) == shown
    assert tab.evaluate(IDS)[:2] == ["pay-0300", "pay-0299"]
    choose(tab, "change", "regressed")
    assert len(tab.evaluate(IDS)) == 2
    tab.click("[data-view=cards]")
    assert len(tab.evaluate(SEEN)) == 2
    assert "view" not in tab.evaluate(HASH)
    assert tab.problems == []


def test_numbers_are_sorted_as_numbers(tab: Page, tmp_path: Path) -> None:
    value = values(1)[0]
    found = [with_text(sample(BASE, n, value, good(value)), "x" * (12 - n)) for n in range(1, 12)]
    path = written(record_of([(BASE, found)]), tmp_path)
    tab.open(path, f"{TASK}&view=table&columns=length&sort=length")
    lengths = f"{LINES}.map((row) => row.cells[1].textContent)"
    assert tab.evaluate(lengths) == [str(n) for n in range(1, 12)]


def test_one_case_alone_has_the_whole_prompt_and_every_model(tab: Page, tmp_path: Path) -> None:
    third = "gguf:out/third.gguf"
    path = written(right_and_wrong(3, (BASE, third, ADAPTER)), tmp_path)
    tab.open(path)
    open_all(tab)
    first, second = tab.evaluate(SEEN)[:2]
    link = "document.querySelector('.case h4 a')"
    tab.evaluate(f"{link}.click()")
    assert tab.evaluate(SEEN) == [first]
    assert tab.evaluate("history.state") is None
    roles = "[...document.querySelectorAll('.alone .message h5')].map((h) => h.textContent)"
    assert tab.evaluate(roles) == ["system", "user"]
    texts = "[...document.querySelectorAll('.alone .message pre')].map((p) => p.innerText)"
    assert tab.evaluate(texts)[0] == SYSTEM
    assert tab.evaluate(texts)[1].startswith("Extract fields. Output ONLY valid JSON")
    tops = """[...document.querySelectorAll('.alone .answer')]
      .map((box) => Math.round(box.getBoundingClientRect().top))"""
    assert len(tab.evaluate(tops)) == 3
    assert len(set(tab.evaluate(tops))) == 1
    names = "[...document.querySelectorAll('.alone .answer .name')].map((n) => n.textContent)"
    assert tab.evaluate(names) == ["tiny", "json_extraction", "third.gguf"]

    assert tab.evaluate(PLACE) == "1 of 18 cases"
    tab.click(".alone .next")
    assert tab.evaluate(SEEN) == [second]
    assert tab.evaluate(FOCUSED) == "Next"
    assert tab.evaluate("document.querySelector('.alone .previous').disabled") is False
    shared = tab.evaluate("location.hash")
    tab.evaluate("history.back()")
    tab.until("!location.hash.includes('case=')")
    tab.evaluate(SETTLED)
    assert len(tab.evaluate(SEEN)) > 2
    tab.open(path, shared)
    assert tab.evaluate(SEEN) == [second]
    tab.click(".alone .back")
    assert tab.evaluate("location.hash") == ""
    assert tab.evaluate(FOCUSED) == second
    assert tab.problems == []


def test_previous_and_next_stay_within_what_the_filter_finds(tab: Page, tmp_path: Path) -> None:
    path = written(right_and_wrong(2), tmp_path)
    tab.open(path, f"{TASK}&behavior={RIGHT}&change=regressed&view=table&case=pay-0004")
    assert tab.evaluate(PLACE) == "2 of 4 cases"
    seen = []
    for _ in range(5):
        seen += tab.evaluate(SEEN)
        tab.press("j", 74)
    assert seen == ["pay-0004", "pay-0007", "pay-0010", "pay-0010", "pay-0010"]
    tab.press("k", 75)
    assert tab.evaluate(SEEN) == ["pay-0007"]
    tab.open(path, f"{TASK}&behavior={RIGHT}&change=regressed&case=pay-0002")
    assert tab.evaluate(PLACE) == "not among the cases that the filter shows"
    tab.open(path, f"{TASK}&case=no-such-case")
    assert len(tab.evaluate(SEEN)) > 2


def test_cases_of_one_id_each_have_an_address(tab: Page, tmp_path: Path) -> None:
    """Repeats of a case, and a case whose prompt changed, share an id."""
    value = values(1)[0]
    one = sample(BASE, 1, value, good(value))
    found = [replace(one, repeat=n) for n in range(3)]
    path = written(record_of([(BASE, found)]), tmp_path)
    tab.open(path, f"{TASK}&case=pay-0001&nth=2")
    title = "document.querySelector('.alone h4').innerText"
    assert "repeat 2" in tab.evaluate(title)
    tab.click(".alone .previous")
    assert "repeat 1" in tab.evaluate(title)
    assert "nth=1" in tab.evaluate(HASH)


def test_keys_move_through_the_cases(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(60), tmp_path))
    tab.evaluate("document.activeElement.blur()")
    cards = tab.evaluate(SEEN)
    seen = []
    for _ in range(22):
        tab.press("j", 74)
        seen.append(tab.evaluate(FOCUSED))
    assert seen[:20] == cards[:20]
    assert len(set(seen)) == 22, "more cases are drawn at the end of a list"
    tab.press("k", 75)
    assert tab.evaluate(FOCUSED) == seen[20]
    tab.press("Enter", 13, "\r")
    assert tab.evaluate(SEEN) == [seen[20]]
    tab.press("Escape", 27)
    assert tab.evaluate(FOCUSED) == seen[20]
    tab.press("t", 84)
    tab.press("j", 74)
    tab.press("j", 74)
    assert tab.evaluate("document.activeElement.closest('.dense tr') !== null") is True
    tab.press("/", 191)
    tab.press("j", 74, "j")
    assert tab.evaluate("document.activeElement.value") == "j"
    assert tab.problems == []


def test_a_question_mark_says_the_keys(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(6), tmp_path))
    tab.press("?", 191, "?")
    is_open = "document.querySelector('dialog').open"
    assert tab.evaluate(is_open) is True
    assert "the next case" in tab.evaluate("document.querySelector('dialog').innerText")
    where = tab.evaluate("location.hash")
    tab.press("t", 84)
    assert tab.evaluate("location.hash") == where, "the keys rest while the help is open"
    tab.press("Escape", 27)
    assert tab.evaluate(is_open) is False
    tab.click("button.keyboard")
    tab.click("dialog input")
    tab.click("dialog .close")
    assert tab.evaluate(is_open) is False
    tab.press("t", 84)
    assert tab.evaluate("location.hash") == where, "the keys are off"
    tab.press("?", 191, "?")
    tab.click("dialog input")
    tab.click("dialog .close")
    tab.press("t", 84)
    assert "view=table" in tab.evaluate("location.hash")
    assert tab.problems == []


def test_ten_tabs_lead_to_the_first_case(tab: Page, tmp_path: Path) -> None:
    """The second link skips to the cases; from there the keyboard is among them."""
    tab.open(written(record(60), tmp_path))
    pressed = 0
    while tab.evaluate(FOCUSED) != "Skip to the cases":
        tab.press("Tab", 9)
        pressed += 1
    tab.press("Enter", 13, "\r")
    while not tab.evaluate("document.activeElement.closest('.case') !== null"):
        tab.press("Tab", 9)
        pressed += 1
        assert pressed <= 10
    assert pressed <= 10


def test_buttons_copy_prompt_answers_command_and_link(tab: Page, tmp_path: Path) -> None:
    tab.open(written(right_and_wrong(), tmp_path), f"{TASK}&case=pay-0001")
    tab.evaluate(
        "window.copied = []; Object.defineProperty(navigator, 'clipboard', { value: "
        "{ writeText: async (text) => { window.copied.push(text); } } })"
    )
    buttons = "[...document.querySelectorAll('.alone .copies button')]"
    assert tab.evaluate(f"{buttons}.map((b) => b.textContent)") == [
        "prompt",
        "answer before",
        "answer after",
        "replay command",
        "link",
    ]
    tab.evaluate(f"for (const b of {buttons}) b.click()")
    tab.until("window.copied.length === 5")
    prompt, before, after, command, link = tab.evaluate("window.copied")
    assert prompt.startswith(f"[system]\n{SYSTEM}\n\n[user]\nExtract fields.")
    assert json.loads(before) == json.loads(after) == values(1)[-1]
    assert command == "harness replay 20261120-131502-ab12 pay-0001 --task json_extraction"
    assert link.startswith("file://")
    assert "case=pay-0001" in link
    assert tab.evaluate(f"{buttons}[0].textContent") == "Copied"


def test_a_browser_without_a_clipboard_copies_all_the_same(tab: Page, tmp_path: Path) -> None:
    tab.open(written(right_and_wrong(), tmp_path), f"{TASK}&case=pay-0001")
    tab.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
        "document.execCommand = () => { window.copied = getSelection().toString() "
        "|| document.activeElement.value; return true; }"
    )
    tab.evaluate("document.querySelector('.alone .copies button:nth-of-type(2)').click()")
    tab.until("window.copied")
    assert json.loads(tab.evaluate("window.copied")) == values(1)[-1]
    assert tab.evaluate("document.querySelectorAll('textarea.sr').length") == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_in_the_table_or_alone(tab: Page, tmp_path: Path, text: str) -> None:
    tab.open(written(three_hostile(text), tmp_path))
    tab.evaluate("document.querySelector('[data-view=table]').click()")
    every = "for (const b of document.querySelectorAll('.dense .columns input')) b.checked = true;"
    tick = "document.querySelector('.dense .columns input')"
    tab.evaluate(f"{every} {tick}.dispatchEvent(new Event('change', {{ bubbles: true }}))")
    columns = "document.querySelectorAll('.dense thead th').length"
    for place in range(tab.evaluate(columns)):
        tab.evaluate(f"document.querySelectorAll('.dense .sort')[{place}].click()")
    lines = tab.evaluate(f"{LINES}.length")
    assert lines > 2
    behaviors = "[...document.querySelector('.filter').elements.behavior.options]"
    for place in range(tab.evaluate(f"{behaviors}.length")):
        choose(tab, "behavior", tab.evaluate(f"{behaviors}[{place}].value"))
        assert tab.evaluate(f"{LINES}.length") == lines
    for place in range(lines):
        tab.evaluate(f"document.querySelectorAll('.dense tbody a')[{place}].click()")
        where = tab.evaluate("location.hash")
        case = tab.evaluate("document.querySelector('.alone').innerText")
        tab.evaluate("document.querySelector('.alone .back').click()")
        tab.evaluate(f"location.hash = {json.dumps(where)}")
        tab.until("!document.querySelector('.alone').hidden")
        assert tab.evaluate("document.querySelector('.alone').innerText") == case
        tab.evaluate("document.querySelector('.alone .back').click()")
    assert tab.evaluate("window.owned") is None
    assert tab.evaluate("document.querySelectorAll('img, main script, main style').length") == 0
    assert tab.problems == []


@pytest.mark.parametrize("width", [320, 390, 1400])
@pytest.mark.parametrize("state", ["view=table", "case=pay-0001"])
def test_nothing_is_wider_than_the_window(
    tab: Page, tmp_path: Path, width: int, state: str
) -> None:
    tab.resize(width, 900)
    tab.open(written(record(60, MODELS), tmp_path), f"{TASK}&{state}")
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.evaluate(SETTLED)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_chosen_pair_is_followed_by_table_and_case(tab: Page, tmp_path: Path) -> None:
    path = written(record(120, MODELS), tmp_path)
    tab.open(path, f"{TASK}&view=table&pair=3-2&case=pay-0003")
    names = "[...document.querySelectorAll('.alone .answer .name')].map((n) => n.textContent)"
    assert tab.evaluate(names)[:2] == ["json_extraction", "one"]
    tab.press("Escape", 27)
    heads = "[...document.querySelectorAll('.dense thead th')].map((th) => th.innerText.trim())"
    assert tab.evaluate(heads)[:4] == ["case", "change", "before", "after"]
    assert "tiny" in tab.evaluate(heads)
    assert tab.evaluate("new URLSearchParams(location.hash.slice(1)).get('pair')") == "3-2"


def failing(count: int) -> RunRecord:
    """Cases whose answers fail in every way that a code names, each with a span."""
    codes = list(FailureCode)
    found = {BASE: [], ADAPTER: []}  # type: dict[str, list]
    for number, value in enumerate(values(count), 1):
        for model in found:
            text = json.dumps(value) * 20
            code = codes[number % len(codes)]
            verdict = Verdict.failed(code, f"{code.value}: {text[:40]}", (3, len(text) - 3))
            answer = sample(model, number, value, good(value))
            found[model].append(with_text(answer, text, schema_types=verdict))
    return record_of(found.items())


def test_every_failure_code_can_be_filtered_and_read(tab: Page, tmp_path: Path) -> None:
    tab.open(written(failing(2 * len(FailureCode)), tmp_path), f"{TASK}&behavior=schema_types")
    for code in FailureCode:
        choose(tab, "code", code.value)
        assert tab.evaluate(COUNT) == f"2 of {2 * len(FailureCode)} cases"
        assert code.value.replace("_", " ") in " ".join(tab.evaluate(VERDICTS))
    assert tab.problems == []


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("jsonl", '{{"name": "{}", "date": "{}", "amount": {}}}'),
        ("csv", "name,date,amount\n{},{},{}"),
    ],
)
def test_answers_that_are_lists_are_set_beside_the_reference(
    tab: Page, tmp_path: Path, form: str, answer: str
) -> None:
    run = record(2)
    found = tuple(
        replace(
            with_text(s, answer.format(*s.reference.values()) + ("\n" if i else " ")),
            reference=[s.reference],
        )
        for i, s in enumerate(run.samples)
        if isinstance(s.reference, dict)
    )
    tasks = tuple(replace(t, format=form) for t in run.tasks)
    tab.open(written(replace(run, samples=found, tasks=tasks), tmp_path))
    open_all(tab)
    summaries = "[...document.querySelectorAll('.keys summary')].map((s) => s.textContent)"
    assert {*tab.evaluate(summaries)} <= {
        "Key by key, 3 values: both alike, as the reference says",
        "Key by key, 3 values: as the reference says",
    }
    assert tab.evaluate(f"{summaries}.length") > 0
    assert tab.evaluate("document.querySelectorAll('.keys .wrong').length") == 0


def test_values_that_a_rule_takes_for_the_references_are_not_marked(
    tab: Page, tmp_path: Path
) -> None:
    rules = {"/amount": {"tolerance": "0.01"}, "/tags": {"order": "any"}}
    reference = {"amount": 47.2, "tags": ["x", "y"]}
    run = run_of(reference, '{"amount": 47.205, "tags": ["y", "x", "z"]}', compare=rules)
    tab.open(written(run, tmp_path), f"{TASK}&case={run.samples[0].case_id}")
    tab.evaluate(SETTLED)
    marked = (
        "[...document.querySelectorAll('.alone .keys td.wrong')].map((cell) => cell.textContent)"
    )
    assert tab.evaluate(marked) == ['\u2717 "z"']
    row = "[...document.querySelectorAll('.alone .keys tbody tr')].map((r) => r.textContent).at(-1)"
    assert tab.evaluate(row).endswith('"y" at /tags/0"y"')
