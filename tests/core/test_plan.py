"""Requests, their seeds, and the fingerprint that says which runs may be compared."""

from dataclasses import replace

from harness.core.case import Case, Message
from harness.core.grammar import Grammar
from harness.core.plan import Request, Sampling, fingerprint_of, requests_for


def request(case_id: str = "a", text: str = "hello", **changes) -> Request:
    return replace(Request("t", case_id, (Message("user", text),), Sampling()), **changes)


def test_one_request_for_each_case():
    cases = [Case(i, (Message("user", i),)) for i in "ab"]
    assert [r.key for r in requests_for("t", cases, Sampling())] == ["t/a/0", "t/b/0"]


def test_the_fingerprint_does_not_depend_on_the_order():
    one, two = request("a"), request("b")
    assert fingerprint_of((one, two)) == fingerprint_of((two, one))


def test_another_case_prompt_or_decoding_is_another_fingerprint():
    plans = [
        fingerprint_of((request(),)),
        fingerprint_of((request("b"),)),
        fingerprint_of((request(text="hello "),)),
        fingerprint_of((request(sampling=Sampling(temperature=0.5)),)),
        fingerprint_of((request(grammar=Grammar("{}", "l 1")),)),
        fingerprint_of((request(grammar=Grammar("{ }", "l 1")),)),
        fingerprint_of((request(), request("b"))),
    ]
    assert len(set(plans)) == len(plans)


def test_timing_a_run_leaves_its_fingerprint():
    assert fingerprint_of((request(), request(timed=True))) == fingerprint_of((request(),))


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


def test_what_the_template_is_told_belongs_to_the_prompt():
    cases = (Case("a", (Message("user", "x"),)),)
    (plain,) = requests_for("t", cases, Sampling())
    (told,) = requests_for("t", cases, Sampling(), template={"enable_thinking": False})
    (other,) = requests_for("t", cases, Sampling(), template={"enable_thinking": True})
    (again,) = requests_for("t", cases, Sampling(), template={"enable_thinking": False})
    assert len({plain.prompt_sha256, told.prompt_sha256, other.prompt_sha256}) == 3
    assert told.prompt_sha256 == again.prompt_sha256
    assert told.template == (("enable_thinking", False),)
    assert fingerprint_of([told]) != fingerprint_of([plain])
    assert hash(told) == hash(again)
