"""The index: all runs, lines of one selection, a training's checkpoints, and nothing hostile."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.model_files.training_record import CURVES, watched_rates
from harness.report.index import render
from harness.report.page.index.checkpoints import checkpoints_of, training_folder
from harness.report.page.index.lines import timelines_of
from harness.report.page.index.runs import RunIndex, rows_of
from tests.report.hostile import HOSTILE
from tests.report.page.index.runs import CHECKPOINTS, indexed, night, selected
from tests.synthetic import ADAPTER, TASK


def test_a_line_has_one_selection_and_its_points_are_links() -> None:
    runs = indexed(selected(night(4)), night(3, right=0.4), night(2), night(1))
    (found,) = timelines_of(list(rows_of(runs)))
    assert (found.model, found.cases, found.runs) == (ADAPTER, "all 12", 3)
    assert (found.first, found.last) == ("2026-11-01", "2026-11-03")
    assert [line.behavior for line in found.lines[:2]] == [FORMAT_SUCCESS, "exact_fields"]
    right = found.lines[1]
    assert (right.latest, right.change, right.is_fall) == ("40.0%", "\N{MINUS SIGN}10.0", True)
    assert right.bounds == "40 to 50%"
    links = re.findall(r'<a href="\./(.*?)/report.html"', right.chart)
    assert links == ["20261101-000000-aaaa", "20261102-000000-aaaa", "20261103-000000-aaaa"]
    assert "20261103-000000-aaaa, 2026-11-03 00:00: exact_fields 40.0% (20.0 to 80.0%)" in (
        right.chart
    )


def test_a_fall_too_small_to_be_seen_is_none() -> None:
    (found,) = timelines_of(list(rows_of(indexed(night(2, right=0.4998), night(1, right=0.5)))))
    (right,) = (line for line in found.lines if line.behavior == "exact_fields")
    assert (right.latest, right.change, right.is_fall) == ("50.0%", "", False)


def test_interrupted_runs_and_single_ones_are_listed_and_not_drawn() -> None:
    partial = replace(night(2), status="partial")
    rows = list(rows_of(indexed(partial, night(1))))
    assert timelines_of(rows) == []
    assert [row.state for row in rows] == ["interrupted", ""]
    two = night(1, CHECKPOINTS[:2])
    kept = tuple(
        r for r in two.results if (r.model, r.behavior) != (CHECKPOINTS[0], "json_validity")
    )
    states = [row.state for row in rows_of(indexed(replace(two, results=kept)))]
    assert states == [f"judged {TASK} without json_validity", ""]
    broken = replace(two.models[0], error="out of memory")
    failed = replace(two, models=(broken, two.models[1]), results=kept)
    assert [row.state for row in rows_of(indexed(failed))] == ["no completions", ""]
    page = render(RunIndex("reports/runs", indexed(partial, night(1))))
    assert "2 runs of 1 model on 1 task, the newest of 2026-11-02" in page


def test_what_was_not_judged_is_not_met() -> None:
    """An interrupted run holds nothing to its budgets, whatever its rates are."""
    whole = night(1)
    undecided = tuple(replace(r, met=None) for r in whole.results)
    partial = replace(whole, status="partial", results=undecided)
    without = replace(whole, results=tuple(replace(r, budget=None, met=None) for r in undecided))
    rows = list(rows_of(indexed(partial, without)))
    held = sum(r.budget is not None for r in whole.results)
    assert [(len(row.unjudged), row.is_met) for row in rows] == [(held, False), (0, False)]
    page = render(RunIndex("reports/runs", indexed(partial, without)))
    assert f'<span class="unjudged">{held} not judged</span>' in page
    assert '<span class="met">' not in page


def test_other_cases_are_faint() -> None:
    other = night(1)
    other = replace(other, tasks=(replace(other.tasks[0], cases_sha256="0" * 64),))
    (found,) = timelines_of(list(rows_of(indexed(night(2), other))))
    assert "other cases" in found.lines[0].chart


def test_checkpoints_are_drawn_over_their_steps_with_what_the_training_watched() -> None:
    again = night(3, CHECKPOINTS[:1], right=0.9)
    runs = indexed(again, night(2, CHECKPOINTS), night(1))
    watched = ((FORMAT_SUCCESS, ((25, 0.1, 0.0, 0.3), (400, 0.9, 0.7, 1.0))),)
    (found,) = checkpoints_of(rows_of(runs), {"out/x": watched})
    assert (found.name, found.task) == ("adapter:out/x/checkpoint-*", TASK)
    assert found.best.endswith("exact_fields at step 50 (90.0%).")
    assert [(step, run) for step, run, *_ in found.table.rows] == [
        ("50", "20261103-000000-aaaa"),
        ("100", "20261102-000000-aaaa"),
        ("200", "20261102-000000-aaaa"),
    ]
    names = [name for name, _ in found.main.keys]
    assert names[0] == f"{FORMAT_SUCCESS} while training, on held-out prompts"
    assert 'role="group"' in found.main.chart
    assert 'href="./20261103-000000-aaaa/report.html"' in found.main.chart
    assert checkpoints_of(rows_of(indexed(again)), {}) == [], "one step is no line"


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("adapter:out/checkpoint-50", ("adapter", "out", 50)),
        ("adapter:out.partial/checkpoint-50/", ("adapter", "out", 50)),
        ("merged:checkpoint-7", ("merged", ".", 7)),
        ("adapter:out", None),
        ("adapter:out/checkpoint-x", None),
        (f"adapter:{'/' * 5000}checkpoint-", None),
    ],
)
def test_checkpoints_are_known_by_their_names(ref: str, found: object) -> None:
    assert training_folder(ref) == found


def test_the_curve_of_a_training_that_goes_on_is_read_and_a_damaged_one_says_nothing(
    tmp_path: Path,
) -> None:
    point = {"step": 5, "behaviors": {"a": {"rate": 0.5, "interval": [0.1, 0.9]}}}
    (tmp_path / CURVES).write_text(f"{json.dumps({'step': 1, 'loss': 2})}\n{json.dumps(point)}\n")
    assert watched_rates(tmp_path) == (("a", ((5, 0.5, 0.1, 0.9),)),)
    for broken in ("{", "[]", '{"step": 1e999}', '{"behaviors": 3}'):
        (tmp_path / CURVES).write_text(broken)
        assert watched_rates(tmp_path) == ()
    assert watched_rates(tmp_path / "none") == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_text(text: str) -> None:
    def named(day: int) -> RunRecord:
        run = night(day)
        model = replace(run.models[0], ref=f"adapter:{text}", name=text)
        task = replace(run.tasks[0], name=text)
        results = (replace(r, model=model.ref, task=text, behavior=r.behavior + text)
                   for r in run.results)  # fmt: skip
        return replace(run, models=(model,), tasks=(task,), results=tuple(results))

    page = render(RunIndex(text, indexed(named(2), named(1), has_page=False), 3, (text,)))
    page.encode("utf-8")
    _, _, rest = page.partition("</style>")
    assert not re.search(
        r"<(script|img|a href='javascript|testcase)", rest.rpartition("<script>")[0]
    )
    assert "\x1b" not in page
    assert "3 older runs left out" in page
    assert "no page yet" in page


def test_no_run_says_how_to_make_one() -> None:
    page = render(RunIndex("reports/runs", ()))
    assert "No run yet" in page
    assert "pytest suites/ --model base:PATH" in page
