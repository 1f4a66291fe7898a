"""Requests, their seeds, and the fingerprint that says which runs may be compared."""

from dataclasses import replace

from harness.core.case import Case, Message
from harness.core.plan import GenerationPlan, Request, Sampling, requests_for


def request(case_id: str = "a", text: str = "hello", **changes) -> Request:
    return replace(Request("t", case_id, (Message("user", text),), Sampling()), **changes)


def test_one_request_for_each_case():
    cases = [Case(i, (Message("user", i),)) for i in "ab"]
    assert [r.key for r in requests_for("t", cases, Sampling())] == ["t/a/0", "t/b/0"]


def test_the_fingerprint_does_not_depend_on_the_order():
    one, two = request("a"), request("b")
    assert GenerationPlan((one, two)).fingerprint == GenerationPlan((two, one)).fingerprint


def test_another_case_prompt_or_decoding_is_another_fingerprint():
    plans = [
        GenerationPlan((request(),)),
        GenerationPlan((request("b"),)),
        GenerationPlan((request(text="hello "),)),
        GenerationPlan((request(sampling=Sampling(temperature=0.5)),)),
        GenerationPlan((request(), request("b"))),
    ]
    assert len({plan.fingerprint for plan in plans}) == len(plans)


def test_timing_a_run_leaves_its_fingerprint():
    assert (
        GenerationPlan((request(), request(timed=True))).fingerprint
        == GenerationPlan((request(),)).fingerprint
    )


def test_every_request_has_a_seed_of_its_own_that_follows_the_runs_seed():
    seeds = {
        request(c, sampling=Sampling(seed=s), repeat=r).seed
        for c in "ab"
        for s in (0, 1)
        for r in (0, 1)
    }
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert request().seed == request().seed
