"""The sentence on an experiment, and the lines that say what it rests on."""

from dataclasses import replace

import pytest

from harness.gate.log_decision import LogDecision, decide_log
from harness.gate.policy import GatePolicy
from harness.report.words.log_decision import explanation, headline_of, sentence
from tests.ab.lines import entry
from tests.gate.test_log_decision import POLICY, traffic


def told(decision: LogDecision) -> str:
    return "\n".join((sentence(decision), *explanation(decision)))


@pytest.fixture(scope="module")
def fallen() -> LogDecision:
    return decide_log(traffic(500, before=50, after=4), POLICY)


def test_a_regression_names_rates_change_interval_and_keys(fallen):
    before, after = (
        sum(key.arm == arm for key in fallen.tasks[0].keys.closed)
        for arm in ("baseline", "candidate")
    )
    text = sentence(fallen)
    assert text.startswith("REGRESSION: format_success_rate fell from 98.")
    assert text.endswith(f"; {before} keys before, {after} after).")
    lines = [*explanation(fallen)]
    assert "Behaviors that fell by more than chance explains: json_validity." in lines
    drawn = 100 * fallen.split.candidates / 501
    assert f"The candidate was drawn by {drawn:.1f}% of 501 keys, 50.0% asked." in lines
    assert any(line.startswith("Latency: 0.2 and 0.2 s before, 0.2 and 0.2 s") for line in lines)


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (
            lambda: decide_log(traffic(500, before=50, after=4), GatePolicy(margin=0.5)),
            "PASS: it fell, within the margin of 50 points; format_success_rate fell",
        ),
        (
            lambda: decide_log(traffic(40), POLICY),
            "after count so far, 30 of each arm are asked for; format_success_rate stayed",
        ),
        (
            lambda: decide_log(traffic(500, before=1, after=1), POLICY),
            "nothing passes on either arm, so nothing can break; ",
        ),
        (
            lambda: decide_log(traffic(500, before=1, after=1), POLICY),
            "No number of keys would decide it: ask what some model can answer.",
        ),
        (
            lambda: decide_log(traffic(120), POLICY),
            "points cannot be ruled out, the margin is 5 points: about ",
        ),
        (
            lambda: decide_log([entry(1, key="a"), entry(2, "candidate", key="b")], POLICY),
            "Ask again when more keys count.",
        ),
        (
            lambda: decide_log([entry(n, "candidate") for n in range(40)], POLICY),
            "NOT COMPARABLE: ",
        ),
    ],
    ids=["within", "few", "nothing", "nothing more", "margin", "empty", "one arm"],
)
def test_each_reason_has_its_words(decision, said):
    assert said in told(decision())


def test_what_one_key_is_and_what_is_owed_is_said():
    rows = [
        *traffic(100),
        entry(200, key="k1", arm="baseline", hours=1),
        entry(201, key="k1", arm="candidate", hours=2),
        *(entry(n) for n in (300, 301)),
    ]
    text = told(decide_log(sorted(rows, key=lambda e: e.time), POLICY))
    assert "2 requests came without a key: each is a key of its own" in text
    assert "1 key changed arms with the split: what the first arm answered counts." in text
    assert "of 1 key these are not over." in text


def test_arms_of_one_model_are_an_a_a_test(fallen):
    same = replace(fallen, models=dict.fromkeys(fallen.models, "base:a"))
    assert "Both arms are the same model: what differs is chance." in explanation(same)
    assert "Both arms are the same model: what differs is chance." not in explanation(fallen)


def test_a_headline_is_the_sentence_without_its_outcome(fallen):
    words, more = headline_of(fallen.tasks[0], fallen)
    assert sentence(fallen) == f"REGRESSION: {words}"
    assert any(line.startswith("The candidate was drawn by ") for line in more)
