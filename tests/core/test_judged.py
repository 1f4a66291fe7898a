"""``check`` and ``check_run``, as a suite calls them."""

import subprocess
import sys

import pytest

from harness import check, check_run
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.judged import Judged
from harness.core.plan import Request, Sampling, failed
from harness.core.verdict import FailureCode, Outcome, Verdict
from tests.models import ROOT

VERDICTS = (
    Verdict.failed(FailureCode.EMPTY, "nothing"),
    Verdict.error(FailureCode.TASK_ERROR, "cannot say"),
    Verdict.skipped("not today"),
)


class Says:
    """A judgement that was made before."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def judge(self, *evidence: object) -> Verdict:
        self.evidence = evidence
        return self.verdict


class OneCase:
    def case(self, case_id: str) -> Case:
        return Case(case_id, ())


def test_what_passes_goes_on_and_was_judged_with_its_case():
    judge = Says(Verdict.passed())
    completion = Completion("x", case_id="ant")
    check(judge, completion, OneCase())
    assert judge.evidence == (Case("ant", ()), completion)
    check_run(judge, 7)
    assert judge.evidence == (7,)


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda v: v.outcome)
def test_any_other_verdict_ends_the_test(verdict):
    for call in (
        lambda: check(Says(verdict), Completion("x"), OneCase()),
        lambda: check_run(Says(verdict), 7),
    ):
        with pytest.raises(Judged, match=verdict.reason) as raised:
            call()
        assert raised.value.verdict is verdict


def test_an_answer_that_never_came_is_an_error_of_its_request():
    found = failed(Request("t", "ant", (), Sampling(), repeat=2), "it died")
    assert (found.case_id, found.repeat, found.text) == ("ant", 2, "")
    assert (found.finish_reason, found.error) == (Outcome.ERROR, "it died")


def test_what_a_suite_imports_is_of_the_core_alone():
    text = (
        "import sys, harness; harness.check; harness.check_run\n"
        "print({m.split('.')[1] for m in sys.modules if m.startswith('harness.')})"
    )
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "{'core'}", done.stderr
