"""Finds the cases that a stored run did not pass, to ask only these again."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.core.case import Case
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.core.verdict import Outcome
from harness.records.runs import find_run, read_run


class FailedCases:
    """The cases of a run of which any model's answer failed a behavior, was an error, or is
    missing."""

    def __init__(self, run: RunRecord) -> None:
        self.run = run
        self._passed = _by_task(s for s in run.samples if _passes(s))
        self._failed = _by_task(s for s in run.samples if not _passes(s))

    @classmethod
    def of(cls, text: str, report_dir: Path) -> "FailedCases":
        """Those of the run that ``text`` names, as ``record:`` does.

        Raises:
            HarnessError: there is no such run, or it is damaged.
        """
        try:
            return cls(read_run(find_run(text, report_dir)))
        except HarnessError as error:
            raise HarnessError(*(f"--failed-of {text}: {m}" for m in error.mistakes)) from None

    def among(self, task: str, cases: Iterable[Case]) -> tuple[Case, ...]:
        """The cases of ``task`` to ask again. One that a partial run did not come to is among them;
        one that a whole run was not asked is not."""
        failed, passed = self._failed.get(task, set()), self._passed.get(task, set())
        is_whole = self.run.status == "complete"
        return tuple(
            case for case in cases if case.id in failed or not (is_whole or case.id in passed)
        )


def _by_task(samples: Iterable[Sample]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sample in samples:
        found.setdefault(sample.task, set()).add(sample.case_id)
    return found


def _passes(sample: Sample) -> bool:
    """True where an answer was judged and nothing failed."""
    outcomes = {verdict.outcome for verdict in sample.verdicts.values()}
    is_answered = sample.completion.finish_reason is not FinishReason.ERROR
    return is_answered and bool(outcomes) and outcomes <= {Outcome.PASSED, Outcome.SKIPPED}
