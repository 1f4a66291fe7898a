"""Judges that the value of a completion satisfies the task's schema."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.schema.problems import judge_schema
from harness.checks.schema.schema import Schema
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("schema",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class SchemaTypes:
    """Rejects ``{"amount": "47.20"}`` where the schema wants a number, and anything else that
    JSON Schema 2020-12 does.

    The value is the first top-level one, whatever stands around it. Of several problems the
    outermost is reported.
    """

    schema: Schema
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return judge_schema(self.schema, completion, wrappers=self.wrappers)


def check_for(output: Output) -> SchemaTypes:
    assert output.json_schema is not None, "NEEDS says so"
    return SchemaTypes(output.json_schema, output.wrappers)
