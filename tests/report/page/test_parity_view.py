"""The page's section on parity, in which nothing of a model's is obeyed."""

from dataclasses import replace

from harness.report import html
from harness.report.page.parity_view import parity_view
from harness.report.report import report_on
from tests.parity.records import AFTER, BEFORE, parity, run, sample

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e\ud800"


def page(found):
    report = report_on(run(sample(BEFORE, "a", "x", (1,)), sample(AFTER, "a", "x", (1,))))
    return html.render(replace(report, parity=found))


def test_the_page_says_it_too():
    text = page(parity())
    for said in (
        'id="parity"',
        "2 of 3 prompts read as the same tokens",
        "100.0% -&gt; 66.7% (-33.3 points)",
        "regressed json_validity; fixed grounding",
        "gguf:m.gguf: did not answer: it broke x",
        "Where 1 answer parts",
        "7.1 MB",
    ):
        assert said in text, said


def test_nothing_of_a_models_is_obeyed():
    markup = page(parity(HOSTILE))
    assert "<script>alert" not in markup
    assert "\u202e" not in markup
    markup.encode("utf-8")


def test_without_parity_there_is_no_section():
    assert parity_view(None) is None
    assert 'id="parity"' not in page(None)
