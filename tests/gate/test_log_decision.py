"""Decisions on an experiment's log, key by key."""

import re
import tracemalloc
from dataclasses import replace

import pytest

from harness.ab.experiment import Experiment
from harness.ab.traffic import Traffic
from harness.core.modelref import ModelRef
from harness.core.verdict import Outcome, Verdict
from harness.gate.log_decision import decide_log
from harness.gate.log_keys import keys_of, trials_of
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from tests.ab.lines import FAILED, START, entry

POLICY = GatePolicy(margin=0.05)
EXPERIMENT = Experiment("ab", ModelRef.parse("base:a"), ModelRef.parse("base:b"), split=50)
HOUR = 3_600_000_000
NOW = int(START.timestamp()) * 1_000_000


def traffic(keys, before=0, after=0, **more):
    """One request of each key, in its arm; every ``before``-th of the baseline's fails and every
    ``after``-th of the candidate's."""
    counts = {"baseline": 0, "candidate": 0}
    rows = []
    for number in range(keys):
        key = f"k{number}"
        arm = EXPERIMENT.arm_of(key)
        counts[arm] += 1
        every = before if arm == "baseline" else after
        is_bad = bool(every) and counts[arm] % every == 0
        rows.append(entry(number, arm, not is_bad, **{"key": key, **more}))
    return [*rows, entry(keys, hours=500, key="last", **more)]


def test_arms_that_are_alike_pass_once_there_are_enough_keys():
    enough = decide_log(traffic(500), POLICY)
    assert enough.outcome is GateOutcome.PASS
    assert not enough.split.is_mismatch
    few = decide_log(traffic(120), POLICY)
    assert (few.outcome, few.tasks[0].reason) == (GateOutcome.INCONCLUSIVE, Reason.MARGIN)
    assert 150 < few.tasks[0].keys_needed < 500
    assert few.exit_code == 10


def test_a_candidate_that_fails_more_is_a_regression():
    found = decide_log(traffic(500, before=50, after=4), POLICY)
    assert (found.outcome, found.exit_code) == (GateOutcome.REGRESSION, 1)
    composite = found.tasks[0].composite
    assert composite.before.rate == pytest.approx(0.98, abs=0.01)
    assert composite.after.rate == pytest.approx(0.75, abs=0.01)
    assert composite.interval.low > 0.02
    assert [b.behavior for b in found.tasks[0].fallen(POLICY)] == ["json_validity"]


def test_a_drop_within_a_wide_margin_passes():
    found = decide_log(traffic(500, before=50, after=4), GatePolicy(margin=0.5))
    assert (found.outcome, found.tasks[0].reason) == (GateOutcome.PASS, Reason.WITHIN)


def test_too_few_keys_of_an_arm_never_pass():
    found = decide_log(traffic(40), GatePolicy(margin=0.9))
    assert (found.outcome, found.tasks[0].reason) == (GateOutcome.INCONCLUSIVE, Reason.FEW_CASES)


def test_nothing_passes_is_no_pass():
    found = decide_log(traffic(500, before=1, after=1), POLICY)
    assert found.tasks[0].reason is Reason.NOTHING_PASSES


def test_a_key_counts_once_with_its_first_hours_when_they_are_over():
    rows = [
        entry(1, passed=False, key="a"),
        entry(2, passed=True, key="a", hours=23),
        entry(3, passed=True, key="a", hours=25),
        entry(4, passed=True, key="b", hours=30),
        entry(5, passed=True),
    ]
    keys = keys_of(Traffic(rows), 24, NOW + 40 * HOUR)
    assert [len(key.answers) for key in keys.closed] == [1, 2]
    assert keys.waiting == 1
    assert trials_of(keys.closed, "json_validity").before.rate == 0.75


def test_one_key_that_asks_a_thousand_times_is_one_observation():
    noisy = [entry(9_000 + n, "candidate", passed=False, key="loud") for n in range(300)]
    rows = sorted([*traffic(500), *noisy], key=lambda e: e.time)
    found = decide_log(rows, POLICY)
    assert found.tasks[0].composite.interval.low < 0
    assert found.tasks[0].composite.after.rate > 0.99


def test_a_key_that_changed_arms_counts_for_its_first():
    rows = [entry(1, key="a"), entry(2, "candidate", passed=False, key="a")]
    keys = keys_of(Traffic(rows), 24, NOW + 720 * HOUR)
    assert (keys.switched, [len(k.answers) for k in keys.closed]) == (1, [1])


def test_what_is_not_judged_counts_against_whichever_claim():
    """The candidate's 10 errors of about 250: no regression by them, and no pass beside them."""
    rows = traffic(500)
    broken = [e for e in rows if e.arm == "candidate"][:10]
    lost = [
        replace(e, status=503, finish_reason=None, verdicts={}) if e in broken else e for e in rows
    ]
    found = decide_log(lost, GatePolicy(margin=0.05, max_errors=0.1)).tasks[0]
    assert (found.outcome, found.composite.after.owed) == (GateOutcome.INCONCLUSIVE, 10)
    assert found.composite.after.rate == 1.0
    many = decide_log(lost, GatePolicy())
    assert many.refused[0].kind == "errors"
    assert "10 of" in many.refused[0].what


def test_a_skipped_behavior_is_not_tested():
    both = {"json_validity": Verdict.passed(), "grounding": Verdict.skipped("")}
    found = decide_log(traffic(100, verdicts=both), POLICY)
    assert [b.behavior for b in found.tasks[0].behaviors] == ["json_validity"]


def test_behaviors_that_are_named_take_the_place_of_the_required():
    verdicts = {"json_validity": Verdict.passed(), "types": FAILED}
    found = decide_log(traffic(500, verdicts=verdicts), POLICY)
    assert found.outcome is GateOutcome.PASS
    named = decide_log(traffic(500, verdicts=verdicts), POLICY, behaviors=("types",))
    assert named.tasks[0].reason is Reason.NOTHING_PASSES
    unknown = decide_log(traffic(500), POLICY, behaviors=("typos",))
    assert "typos judged no answer, there are: json_validity" in unknown.refused[0].what


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"weights": "f" * 64}, "model", "the candidate's weights changed at .*: gate the files"),
        ({"identity": "other"}, "model", "the candidate's model changed at"),
        ({"task_sha256": "new"}, "task", "the task or the checks changed at"),
        ({"experiment": "next"}, "experiment", r"holds 2 experiments \(ab, next\)"),
    ],
)
def test_what_changed_on_the_way_is_refused(change, kind, words):
    rows = [replace(e, **change) if e.arm == "candidate" and n > 250 else e
            for n, e in enumerate(traffic(500))]  # fmt: skip
    found = decide_log(rows, POLICY)
    assert (found.outcome, found.exit_code) == (GateOutcome.NOT_COMPARABLE, 11)
    assert found.refused[0].kind == kind
    assert re.search(words, found.refused[0].what)


def test_a_split_that_is_not_kept_invalidates():
    rows = [e for n, e in enumerate(traffic(700)) if e.arm == "baseline" or n % 2]
    found = decide_log(rows, POLICY)
    assert found.refused[0].kind == "split"
    assert found.refused[0].what.startswith("SAMPLE RATIO MISMATCH: ")


def test_an_arm_or_a_task_without_answers_is_refused():
    alone = [e for e in traffic(20) if e.arm == "baseline"]
    assert "no answer of the candidate" in decide_log(alone, POLICY).refused[0].what
    free = traffic(40, task="", verdicts={})
    found = decide_log([replace(e, task="") for e in free], POLICY).refused
    assert "holds no answer to a task" in found[0].what


def test_several_tasks_are_as_bad_as_the_worst():
    rows = traffic(500)
    other = [replace(e, id=f"o{e.id}", task="other", key=f"o{e.key}") for e in rows[:-1]]
    bad = [replace(e, verdicts={"json_validity": FAILED}, status=422)
           if e.arm == "candidate" else e for e in other]  # fmt: skip
    found = decide_log(sorted([*rows, *bad], key=lambda e: e.time), POLICY)
    assert [(t.task, t.outcome.value) for t in found.tasks] == [
        ("other", "regression"),
        ("json_extraction", "pass"),
    ]
    assert Outcome.FAILED in {e.outcome() for e in bad}


def mixed():
    """600 requests of 181 keys and of none, of which some come late, change arms or are lost."""
    rows = []
    for n in range(600):
        key = f"k{n % 180}" if n % 5 else None
        arm = EXPERIMENT.arm_of(key if key and n % 50 != 49 else f"request {n}")
        is_good = n % (30 if arm == "baseline" else 9) != 0
        types = FAILED if n % 11 == 3 else Verdict.passed()
        verdicts = {"json_validity": Verdict.passed() if is_good else FAILED, "types": types}
        more = {"key": key, "seconds": 0.1 + n % 7 / 10, "verdicts": verdicts}
        rows.append(entry(n, arm, is_good, hours=n % 40, **more))
    lost = {"status": 503, "finish_reason": None, "verdicts": {}}
    rows[20::120] = [replace(row, **lost) for row in rows[20::120]]
    return [*rows, entry(601, hours=500, key="last")]


def test_the_numbers_are_those_of_a_decision_that_held_every_entry():
    """As printed by the implementation that kept a sorted list of whole entries."""
    found = decide_log(mixed(), POLICY)
    assert (found.first, found.last) == ("2026-11-20T00:00:00.000Z", "2026-12-10T20:00:00.601Z")
    assert (found.split.keys, found.split.candidates) == (265, 128)
    assert found.split.evidence == pytest.approx(0.49105112255199457, rel=1e-12)
    assert len(found.seconds["candidate"]) == 269
    (task,) = found.tasks
    assert (task.keys.waiting, task.keys.switched, len(task.keys.closed)) == (1, 7, 264)
    assert task.keys_needed == 1874
    tests = {b.behavior: b for b in (task.composite, *task.behaviors)}
    whole, types = tests["format_success_rate"], tests["types"]
    assert (whole.before.keys, whole.before.answers, whole.before.owed) == (136, 318, 2)
    assert (whole.before.rate, whole.after.rate) == pytest.approx((0.8955223880597015, 0.904))
    ends = (whole.interval.low, whole.interval.high)
    assert ends == pytest.approx((-0.1464197242032242, 0.15567653866010006), rel=1e-9)
    assert types.p_value == pytest.approx(0.800260607554876, rel=1e-9)


def test_a_decision_is_the_same_in_whatever_order_the_log_is_read():
    rows = mixed()
    in_order, backwards = (decide_log(own, POLICY) for own in (rows, rows[::-1]))
    assert replace(in_order, tasks=()) == replace(backwards, tasks=())
    for one, other in zip(in_order.tasks, backwards.tasks, strict=True):
        assert (one.composite, one.behaviors) == (other.composite, other.behaviors)


def test_texts_of_a_log_are_not_held():
    """4,000 entries with a text of 10,000 characters each: 40 MB, of which less than 2 are held."""
    rows = (
        replace(e, text=f"{n}" * 3_000, messages=())
        for n, e in enumerate(entry(n, key=f"k{n}") for n in range(1_000, 5_000))
    )
    tracemalloc.start()
    try:
        held = Traffic(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(held) == 4_000
    assert peak < 2_000_000
