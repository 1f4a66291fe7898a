"""What the failing verdicts of the tables say and point at, as text to be read and compared.

``python -m tests.checks.reasons > tests/checks/reasons.txt`` writes it anew; the difference is
there to be read before it is committed.
"""

from collections.abc import Iterator

from harness.core.printable import printable
from harness.core.verdict import Outcome
from harness.tasks.judging import judge_line
from tests.checks.test_completions import PAYMENTS, TIMELINES, payment_line, timeline_line


def render() -> Iterator[str]:
    """For each completion: its text, then each different failure with the text pointed at."""
    for line_of, rows in ((payment_line, PAYMENTS), (timeline_line, TIMELINES)):
        for row in rows:
            text = row.values[0]
            yield printable(text)[:300]
            said: dict[str, list[str]] = {}
            for name, verdict in judge_line(line_of(text)).items():
                if verdict.outcome is Outcome.FAILED:
                    start, end = verdict.span
                    pointed = printable(text[start:end])[:60]
                    key = f"{verdict.code.value}: {verdict.reason} [{start}:{end} {pointed}]"
                    said.setdefault(key, []).append(name)
            for key, names in said.items():
                yield f"    {', '.join(names)}"
                yield f"        {key}"


if __name__ == "__main__":
    for line in render():
        print(line)
