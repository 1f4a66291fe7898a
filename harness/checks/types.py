"""Judges that every value is of the type that the task's schema gives it."""

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
class ValueTypes:
    """Rejects ``{"amount": "47.20"}`` where the schema wants a number.

    A part of the schema, reported apart, so that a number written as a string is a number of its
    own. A key that is missing has no type here.
    """

    schema: Schema
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        codes = (FailureCode.NUMBER_AS_STRING, FailureCode.WRONG_TYPE)
        return judge_schema(self.schema, completion, codes, self.wrappers)


def check_for(output: Output) -> ValueTypes:
    assert output.json_schema is not None, "NEEDS says so"
    return ValueTypes(output.json_schema, output.wrappers)
