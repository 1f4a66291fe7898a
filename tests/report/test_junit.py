"""JUnit: one testcase per case, failures and errors apart, well-formed whatever a model wrote."""

from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from harness.gate.log_decision import decide_log
from harness.gate.policy import GatePolicy
from harness.report.junit import render
from harness.report.report import Report, report_on
from tests.gate.test_log_decision import traffic
from tests.gating import pair
from tests.report.hostile import EVERYTHING, HOSTILE
from tests.report.test_markdown import hostile
from tests.synthetic import ADAPTER, broken, good, missing_key, record_of, sample, values, with_text


def parsed(report: Report) -> Element:
    text = render(report)
    text.encode("ascii")
    return ElementTree.fromstring(text)


def test_one_testcase_per_case_with_failures_and_errors_apart() -> None:
    ways = [good, good, missing_key, broken]
    found = [
        sample(ADAPTER, i, value, way(value))
        for i, (value, way) in enumerate(zip(values(4), ways, strict=True), 1)
    ]
    suites = parsed(report_on(record_of([(ADAPTER, found)])))
    (suite,) = suites.findall("testsuite")
    assert [suite.get(n) for n in ("tests", "failures", "errors", "skipped")] == list("4110")
    cases = suite.findall("testcase")
    assert [c.get("name") for c in cases] == [f"pay-000{i}" for i in range(1, 5)]
    failure = cases[2].find("failure")
    assert failure.get("type") == "missing_key"
    assert failure.get("message") == "schema_types: missing_key /date is missing"
    assert cases[3].find("error").get("type") == "backend_error"
    assert not [*cases[0]]


def test_provenance_stands_in_properties() -> None:
    suites = parsed(report_on(*pair(30)))
    found = {p.get("name"): p.get("value") for p in suites.iter("property")}
    assert found["after model"] == ADAPTER
    assert found["before run"] != found["after run"]
    assert found["python"] == "3.11.7"


def test_the_gate_is_a_testcase_of_its_own() -> None:
    suites = parsed(report_on(*pair(300, broke=14), policy=GatePolicy()))
    gate, task = suites.findall("testsuite")
    assert gate.find("testcase/failure").get("message").startswith("REGRESSION: ")
    types = [failure.get("type") for failure in task.iter("failure")]
    assert types == ["regressed"] * 14
    assert suites.get("failures") == "15"
    tried = decide_log(traffic(500, before=50, after=4), GatePolicy(margin=0.05))
    suites = parsed(replace(report_on(*pair(8)), experiment=tried))
    failure = suites.find("testsuite[@name='gate']/testcase/failure")
    assert failure.get("message").startswith("REGRESSION: format_success_rate fell")
    suites = parsed(report_on(*pair(30), policy=GatePolicy()))
    assert suites.find("testsuite/testcase/error").get("type") == "inconclusive"
    suites = parsed(report_on(*pair(300), policy=GatePolicy()))
    assert suites.get("failures") == suites.get("errors") == "0"


def test_a_case_that_failed_before_too_did_not_regress() -> None:
    suites = parsed(report_on(*pair(30, failing=2), policy=GatePolicy()))
    assert {f.get("type") for f in suites.findall("testsuite[2]//failure")} == {"syntax"}


@pytest.mark.parametrize("text", [*HOSTILE, EVERYTHING])
def test_it_is_well_formed_whatever_a_model_wrote(text: str) -> None:
    before, after = pair(30, broke=20)
    found = report_on(hostile(before, text), hostile(after, text), policy=GatePolicy())
    suites = parsed(found)
    assert {e.tag for e in suites.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error",
        "system-out",
    }  # fmt: skip
    assert len([*suites.iter("testcase")]) == 31
    for line in render(found).splitlines():
        assert not line.lstrip().startswith("::")


def test_ten_megabytes_are_cut() -> None:
    before, after = pair(30, broke=20)
    samples = tuple(with_text(s, "\x00" * 10_000_000) for s in after.samples)
    assert len(render(report_on(before, replace(after, samples=samples)))) < 1_000_000
