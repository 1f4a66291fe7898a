"""``--ab-noise [N]``: N cases are answered again in other batches, to measure the model's noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.plugin.option_names import NamedOptions, option_of, refused_beside
from harness.plugin.options import count

if TYPE_CHECKING:
    from harness.plugin.session import HarnessSession

DEFAULT_CASES = 50
"""A sixth of a suite of 300 cases. If none of them flips, at most 7.1% of cases do; of a model of
which 5% flip, one is seen in 92% of runs."""
_REFUSED = {
    "--stop-early": "not all cases are asked",
    "--generate": "drawn cases are not compared with other runs",
    "--plan-out": "nothing is asked",
    "--answers": "a file answers each request once",
    "--shard": "measure it in a session of its own: shards would draw other cases",
    "--merge": "the shards' models are not asked again",
}
"""Options with which nothing can be asked again, each with the reason."""


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--ab-noise",
        type=count,
        nargs="?",
        const=DEFAULT_CASES,
        metavar="N",
        help="answer N cases of each task again in other batches, and tell how many verdicts flip "
        f"(default: {DEFAULT_CASES}); write it last",
    )


def plugins(session: HarnessSession) -> Iterator[object]:
    """The second answers, where they are asked for; models that cannot be asked are a mistake."""
    cases = option_of(session.config, "--ab-noise")
    if cases is None:
        return
    session.mistakes += refused_beside("--ab-noise", session.config, _REFUSED)
    for ref in dict.fromkeys(s.ref for s in session.subjects):
        if ref.kind == "record":
            session.mistakes.append(
                f"--ab-noise: {ref} replays stored answers, which cannot be generated again: name "
                "the model itself"
            )
    yield AbNoise(session, cases)


class AbNoise:
    """Has the run of the session ask again."""

    def __init__(self, session: HarnessSession, cases: int) -> None:
        self.session = session
        self.cases = cases

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        from harness.run.second_answers import SecondAnswers

        run = self.session.run
        if run is not None:
            run.second = SecondAnswers(run.plan, run.answers, self.cases)
