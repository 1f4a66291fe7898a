"""The origin of numbers, and the facts that differ."""

from dataclasses import replace

from harness.report.report import report_on
from harness.report.words.provenance import Fact, environment_of, facts
from tests.synthetic import ADAPTER, BASE, record


def by_name(found: tuple[Fact, ...]) -> dict[str, Fact]:
    return {fact.name: fact for fact in found}


def test_models_of_one_run_differ_in_weights_and_not_in_the_question() -> None:
    found = by_name(facts(report_on(record(3))))
    assert found["model"].values == (BASE, ADAPTER)
    assert found["weights"].differs
    assert not found["tokenizer"].differs
    assert found["parameters"].values == ("1,234,567", "1,234,567")
    assert found["peak memory"].values == ("612 MB", "612 MB")
    assert not any(fact.differs and fact.is_essential for fact in found.values())
    assert "error" not in found, "what nobody knows has no line"


def test_another_decoding_is_an_essential_difference() -> None:
    before, after = record(3, run_id="a"), record(3, run_id="b")
    sampling = replace(after.tasks[0].sampling, temperature=0.7)
    after = replace(after, tasks=(replace(after.tasks[0], sampling=sampling),))
    differing = [f.name for f in facts(report_on(before, after)) if f.is_essential and f.differs]
    assert differing == ["json_extraction: temperature"]


def test_two_runs_compare_their_machines() -> None:
    before = record(3, run_id="a")
    after = replace(record(3, run_id="b"), environment={"python": "3.12.1", "packages": {"x": "2"}})
    found = by_name(facts(report_on(before, after)))
    assert found["python"].differs
    assert found["packages x"].values == ("", "", "2", "2")
    assert ("git commit", "a" * 40) in environment_of(report_on(before))
