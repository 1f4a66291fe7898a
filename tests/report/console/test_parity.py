"""Parity in a terminal: it fits, and nothing of a model's is obeyed."""

from dataclasses import replace

import pytest

from harness.report.console.parity import shown
from harness.report.console.screen import as_text
from tests.parity.records import parity
from tests.report.page.test_parity_view import HOSTILE


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    text = as_text(shown(parity("a rather long token text that goes on")), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_the_text_says_what_was_found():
    text = as_text(shown(parity()), width=120)
    for said in (
        "merged:m -> gguf:m.gguf",
        "2 of 3 prompts read as the same tokens",
        "case-1: other tokens, token 4: 'x' (5) before, 'x' (6) after",
        "end of answer: 2 before, 3 after",
        "the same for 2 of 3 prompts (66.7%); logits differ by 1.5 at most, 0.01 on average",
        "case-1: 'x' (5) leads by 0.5 before, 6 by 0.125 after",
        "2 of 3 answers identical (66.7%); success 100.0% -> 66.7% (-33.3 points)",
        "format_success_rate: 1 regressed, 0 fixed",
        "case-2: regressed json_validity; fixed grounding",
        "cut off",
        "gguf:m.gguf: did not answer: it broke x",
        "not measured: something",
    ):
        assert said in text, said


def test_nothing_of_a_models_is_obeyed():
    text = as_text(shown(parity(HOSTILE)), width=100)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_models_of_one_name_are_told_apart():
    found = parity()
    before, after = found.models
    twins = (replace(before, ref="merged:a/m"), replace(after, ref="merged:b/m", name="m"))
    pair = replace(found.pairs[0], before="merged:a/m", after="merged:b/m")
    text = as_text(shown(replace(found, models=twins, pairs=(pair,))), width=120)
    assert "merged:a/m -> merged:b/m" in text


def test_first_tokens_of_a_trained_model_are_only_counted():
    found = parity()
    trained = replace(found, pairs=(replace(found.pairs[0], is_copy=False),))
    assert "leads by" not in as_text(shown(trained), width=120)
