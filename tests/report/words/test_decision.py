"""A decision in words."""

from dataclasses import replace

from harness.report.words.decision import (
    details_of,
    explanation,
    headline_of,
    sentence,
    statement,
    table,
)
from harness.report.words.leading import unchanged
from tests.gating import gate, of_templates, pair


def test_a_regression_in_one_sentence() -> None:
    found = sentence(gate(*pair(300, broke=14, fixed=4, failing=7)))
    assert found == (
        "REGRESSION: format_success_rate fell from 96.3% to 93.0% (-3.3 points, 94% interval "
        "-6.4 to -0.6; 14 cases broke, 4 were fixed)."
    )


def test_a_pass_says_what_moved_or_that_nothing_did() -> None:
    assert sentence(gate(*pair(300, broke=2, fixed=258, failing=20))) == (
        "PASS: format_success_rate rose from 7.3% to 92.7% (+85.3 points, 94% interval +80.5 to "
        "+89.0; 2 cases broke, 258 were fixed)."
    )
    assert sentence(gate(*pair(300))) == (
        "PASS: format_success_rate stayed at 100.0% (94% interval -1.0 to +1.0 points; no case "
        "flipped)."
    )


def test_what_is_open_says_how_many_cases_are_missing() -> None:
    decision = gate(*pair(30))
    assert sentence(decision).startswith("INCONCLUSIVE: format_success_rate stayed at 100.0%")
    lines = list(explanation(decision))
    assert lines[0] == (
        "A drop of 9.5 points cannot be ruled out, the margin is 2 points: 149 cases with no flip "
        "would decide it, 119 more."
    )
    assert lines[1].startswith("The smallest drop that 30 cases show with 80% power is 19.6 points")
    assert "saturated" in lines[2]


def test_a_refusal_lists_what_differs_and_how_to_allow_it() -> None:
    before, after = pair(40)
    task = after.tasks[0]
    warmer = replace(task, sampling=replace(task.sampling, temperature=0.7), schema_sha256="x")
    decision = gate(before, replace(after, tasks=(warmer,)))
    assert sentence(decision) == (
        "NOT COMPARABLE: json_extraction: the JSON Schema is another one (and 1 more reason)."
    )
    assert list(explanation(decision)) == [
        "Also: json_extraction: temperature was 0, is 0.7.",
        "To compare all the same: --allow schema --allow decoding, or allow = "
        '["schema", "decoding"] in [tool.harness.gate]',
    ]
    decision = gate(before, replace(after, tasks=(warmer,), status="partial"))
    assert not any("--allow" in line for line in explanation(decision))


def test_a_pinned_case_is_named_first() -> None:
    before, after = pair(300, broke=1)
    samples = (replace(after.samples[0], must_pass=True), *after.samples[1:])
    found = sentence(gate(before, replace(after, samples=samples)))
    assert found.startswith("REGRESSION: the pinned case pay-0001 fails; format_success_rate fell")


def test_a_pinned_case_that_failed_before_too_is_the_reason_or_told_beside_it() -> None:
    for broke, begins in (
        (0, "REGRESSION: the pinned case pay-0001 fails, as before, and must pass; format_"),
        (60, "REGRESSION: format_success_rate fell from"),
    ):
        before, after = pair(300, broke=broke, failing=1)
        samples = [*after.samples]
        samples[broke] = replace(samples[broke], must_pass=True)
        decision = gate(before, replace(after, samples=tuple(samples)))
        assert sentence(decision).startswith(begins)
        aside = f"Pinned cases that fail on both sides: {samples[broke].case_id}."
        assert (aside in list(explanation(decision))) == (broke > 0)


def test_the_table_has_the_composite_first() -> None:
    [task] = gate(*pair(300, broke=14, fixed=4)).tasks
    rows = table(task)
    assert rows[0] == ("format_success_rate", "98.7%", "95.3%", "-3.3", "-6.4 to -0.6", "14", "4")
    assert [row[0] for row in rows[1:]] == ["json_validity", "no_extra_text", "bracket_repetition"]
    assert unchanged(task.behaviors) == "no case flipped: schema_types"


def test_p_values_are_those_of_what_fell() -> None:
    lines = [*explanation(gate(*pair(300, broke=30)))]
    (fell,) = (line for line in lines if line.startswith("Behaviors that fell"))
    assert fell.endswith("bracket_repetition, no_extra_text, json_validity (p < 0.001).")
    assert not any("p <" in line for line in explanation(gate(*pair(300, fixed=30))))


def test_repeated_answers_are_told_by_case() -> None:
    """Of 40 cases two broke in one of their two answers: pass^2 loses them, pass@2 does not."""
    runs = []
    for run in pair(40):
        again = tuple(replace(s, repeat=1) for s in run.samples)
        runs.append(replace(run, samples=(*run.samples, *again)))
    broken = pair(40, broke=2)[1].samples[:2]
    runs[1] = replace(runs[1], samples=(*broken, *runs[1].samples[2:]))
    lines = list(explanation(gate(*runs)))
    assert "Each case was answered 2 times; its answers count as one case." in lines
    (any_of,) = (line for line in lines if line.startswith("pass@2"))
    assert "100.0% (91.2 to 100.0%) before, 100.0% (91.2 to 100.0%) after." in any_of
    (all_of,) = (line for line in lines if line.startswith("pass^2 (all 2 pass): 100.0%"))
    assert all_of.endswith("95.0% (83.1 to 99.4%) after.")


def test_a_minus_is_the_format_s_and_names_are_left_alone() -> None:
    before, after = pair(300, broke=14, fixed=4, failing=7)
    first = replace(after.samples[0], must_pass=True, case_id="a -3")
    before = replace(
        before, samples=(replace(before.samples[0], case_id="a -3"), *before.samples[1:])
    )
    decision = gate(before, replace(after, samples=(first, *after.samples[1:])))
    [task] = decision.tasks
    numbers = "\N{MINUS SIGN}3.3 points, 94% interval \N{MINUS SIGN}6.4 to \N{MINUS SIGN}0.6"
    headline, grounds = headline_of(task, decision, "\N{MINUS SIGN}")
    assert headline.startswith("the pinned case a -3 fails; format_success_rate fell from")
    assert grounds.startswith(numbers)
    assert numbers in statement(decision, "\N{MINUS SIGN}")
    assert any(numbers in line for line in details_of(task, "\N{MINUS SIGN}"))


def test_both_questions_are_in_the_sentence() -> None:
    found = sentence(gate(*(of_templates(run, 16) for run in pair(300))))
    assert found == (
        "PASS on these 16 wordings: format_success_rate stayed at 100.0% (94% interval -1.0 to "
        "+1.0 points; no case flipped); for new wordings a drop of up to 17.1 points is not ruled "
        "out: 59 wordings would bound it at 5."
    )
    found = sentence(gate(*(of_templates(run, 100) for run in pair(300))))
    assert "; for new wordings the drop is at most 3 points." in found
    found = sentence(gate(*(of_templates(run, 30) for run in pair(300, broke=150))))
    assert found.startswith("REGRESSION on these 30 wordings: format_success_rate fell from 100.0%")
    assert "; new wordings lose " in found


def test_few_wordings_that_gain_are_no_drop_that_is_not_ruled_out() -> None:
    found = sentence(gate(*(of_templates(run, 12) for run in pair(300, fixed=258, failing=20))))
    assert found.endswith("; 12 wordings are too few to tell about new ones: it takes 16.")
    assert "a drop of up to -" not in found


def test_a_drop_within_the_margin_is_said_aloud() -> None:
    found = sentence(gate(*pair(5_000, broke=44, fixed=10)))
    assert found.startswith(
        "PASS: it fell, within the margin of 2 points; format_success_rate fell from"
    )
