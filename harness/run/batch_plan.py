"""The plan of served models as the input of a batch API."""

import json
from collections.abc import Iterator

from harness.backends.endpoint import protocol_of
from harness.core.errors import HarnessError, one_line
from harness.engine.served.batch import line_of
from harness.run.plan import RunPlan


def batch_lines(plan: RunPlan) -> Iterator[str]:
    """Lines of Batch JSONL, one for each judged request; every model of the plan is served.

    Raises:
        HarnessError: a request cannot be rendered, or a batch cannot prove what it says.
    """
    for ref, requests in plan.requests.items():
        protocol = protocol_of(ref)
        for request in requests:
            try:
                yield json.dumps(line_of(protocol, request)) + "\n"
            except Exception as error:  # of a chat template, which is untrusted code
                raise HarnessError(f"--plan-out: {request.key}: {one_line(error)}") from None
