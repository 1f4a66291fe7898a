"""Judges that every key the task's schema requires is there."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.schema.problems import judge_schema
from harness.checks.schema.schema import Schema
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("schema",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class RequiredKeys:
    """Rejects ``{"name": "Ada"}`` where the schema also requires ``date``.

    A part of the schema, reported apart: what the value of a key is does not matter here.
    """

    schema: Schema
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return judge_schema(self.schema, completion, (FailureCode.MISSING_KEY,), self.wrappers)


def check_for(output: Output) -> RequiredKeys:
    assert output.json_schema is not None, "NEEDS says so"
    return RequiredKeys(output.json_schema, output.wrappers)
