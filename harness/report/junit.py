"""The report as JUnit XML: one testcase per case, failures and errors apart.

A case fails when a required behavior does. Where two sides were compared, a case that broke has the
type ``regressed``, and the gate's decision is a testcase of its own. The form is that of pytest's
``xunit2``.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.core.composite import composite
from harness.core.record import Sample
from harness.core.verdict import Outcome, Verdict
from harness.gate.compare import Change, Side, required_behaviors
from harness.gate.outcome import GateOutcome
from harness.report.report import Report
from harness.report.words import decision as decisions
from harness.report.words import log_decision as experiments
from harness.report.words.escaping import xml
from harness.report.words.provenance import environment_of, facts

SUFFIX = ".xml"
MAX_CHARACTERS = 2_000
"""Characters shown of an answer that failed."""
_TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}


def render(report: Report) -> str:
    """The document, in ASCII: every other character as a reference."""
    suites = Element("testsuites", name="harness")
    if (tried := report.experiment) is not None:
        suites.append(
            _gate(tried.outcome, [experiments.sentence(tried), *experiments.explanation(tried)])
        )
    if (decided := report.decision) is not None:
        suites.append(
            _gate(decided.outcome, [decisions.sentence(decided), *decisions.explanation(decided)])
        )
    for task in dict.fromkeys(t.name for t in report.after.record.tasks):
        suites.append(_suite(report, report.after, task))
    for name in ("tests", "failures", "errors", "skipped"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    indent(suites)
    document: bytes = tostring(suites, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _suite(report: Report, side: Side, task: str) -> Element:
    samples = side.samples(task)
    suite = Element("testsuite", name=xml(task), timestamp=xml(side.record.created))
    properties = SubElement(suite, "properties")
    for name, value in _provenance(report):
        SubElement(properties, "property", name=xml(name), value=xml(value))
    required = required_behaviors(side, task)
    broke = {
        (case.sample.case_id, case.sample.repeat)
        for comparison in report.comparisons
        if comparison.task == task
        for case in comparison.bucket(Change.REGRESSED)
    }
    for sample in samples.values():
        suite.append(_case(sample, required, (sample.case_id, sample.repeat) in broke))
    _count(suite)
    return suite


def _provenance(report: Report) -> Iterator[tuple[str, str]]:
    names = ("before", "after") if len(report.pair) > 1 else ("model",)
    positions = [report.sides.index(side) for side in report.pair]
    for fact in facts(report):
        for name, position in zip(names, positions, strict=True):
            if fact.values[position]:
                yield f"{name} {fact.name}", fact.values[position]
    yield from environment_of(report)


def _case(sample: Sample, required: tuple[str, ...], broke: bool) -> Element:
    repeat = f"#{sample.repeat}" if sample.repeat else ""
    timing = sample.completion.timing
    case = Element(
        "testcase",
        classname=xml(f"{sample.task}.{sample.model}"),
        name=xml(f"{sample.case_id}{repeat}"),
        time=f"{timing.seconds:.3f}" if timing else "0.000",
    )
    found = composite(sample.verdicts, required)
    if found is not None and (tag := _TAGS.get(found.outcome)):
        behavior = next(n for n in required if sample.verdicts.get(n) is found)
        said = SubElement(case, tag, message=xml(f"{behavior}: {_type(found)} {found.reason}"))
        if found.outcome is not Outcome.SKIPPED:
            said.set("type", "regressed" if broke else _type(found))
            said.text = xml(sample.completion.text[:MAX_CHARACTERS])
    return case


def _type(verdict: Verdict) -> str:
    return verdict.code.value if verdict.code else verdict.outcome.value


def _gate(outcome: GateOutcome, lines: Sequence[str]) -> Element:
    """One testcase: a regression is a failure, an open decision an error."""
    suite = Element("testsuite", name="gate")
    case = SubElement(suite, "testcase", classname="harness.gate", name="no regression", time="0")
    if outcome is not GateOutcome.PASS:
        tag = "failure" if outcome is GateOutcome.REGRESSION else "error"
        said = SubElement(case, tag, message=xml(lines[0]), type=outcome.value)
        said.text = "\n".join(map(xml, lines))
    else:
        SubElement(case, "system-out").text = "\n".join(map(xml, lines))
    _count(suite)
    return suite


def _count(suite: Element) -> None:
    cases = suite.findall("testcase")
    tags = Counter(child.tag for case in cases for child in case)
    suite.set("tests", str(len(cases)))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(tags[tag]))
