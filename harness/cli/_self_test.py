"""``harness gate --self-test``: the gate's error rates on the user's own records."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli._document import say_document
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.gate.compare import Side
    from harness.gate.policy import GatePolicy
    from harness.gate.self_test import SelfTest

Command = TypeVar("Command", bound=Callable[..., Any])
SELF_TEST = ("seed", "draws", "flips")
"""Options of the self-test alone."""


def self_test_options(command: Command) -> Command:
    """Add the options of the self-test."""
    options = (
        click.option("--self-test", "is_self_test", is_flag=True,
                     help="Instead of a decision, the gate's error rates on these runs' cases, "
                     "from drawn suites with losses injected."),
        click.option("--draws", type=click.IntRange(1, 100_000), metavar="N",
                     help="Of --self-test: suites of each cell. [default: 200 for 300 cases]"),
        click.option("--seed", type=click.IntRange(0), help="Of --self-test."),
        click.option("--flips", type=click.FloatRange(0, 0.5), metavar="SHARE",
                     help="Of --self-test: cases that flip with nothing changed. [default: as "
                     "recorded, else 0.02]"),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def require_no_self_test_options(options: Mapping[str, Any]) -> None:
    """
    Raises:
        HarnessError: an option of the self-test is given without it.
    """
    if given := [name for name in SELF_TEST if options[name] is not None]:
        raise HarnessError(f"--{given[0]}: only --self-test takes it, add that or leave it out")


def run_self_test(
    before: "Side",
    after: "Side",
    policy: "GatePolicy",
    *,
    draws: int | None,
    seed: int | None,
    flips: float | None,
    is_json: bool,
) -> None:
    """Print the self-test of two sides, or of one given twice.

    Raises:
        HarnessError: the gate would refuse to compare them.
    """
    from harness.gate import self_test as tests
    from harness.gate.copies import holds_copies
    from harness.gate.decision import decide
    from harness.report.words.decision import statement

    if holds_copies(before, after):
        before = after
    sides = before, after
    if before is after:
        sides = tests.halves(after) or sides
    if sides[0] is sides[1] and flips is None:
        flips = policy.noise_floor or tests.FLIPS
    decision = decide(*sides, policy)
    if decision.refused:
        raise HarnessError(f"{after.record.id}: {statement(decision)}")
    suite = tests.Suite([task.comparison for task in decision.tasks], flips)
    found = tests.self_test(suite, policy, draws, tests.SEED if seed is None else seed)
    source = _source(sides, flips, is_halved=before is after)
    if is_json:
        _print_json(found, source)
    else:
        from harness.report.console.screen import show
        from harness.report.console.self_test import shown

        show(shown(found, source), 80)


def _source(sides: tuple["Side", "Side"], flips: float | None, *, is_halved: bool) -> str:
    if flips is not None:
        return f"{100 * flips:.3g}% of the cases flip with nothing changed, each way alike"
    if is_halved:
        return "what flips: half of each case's answers against the others, which trade places"
    was, now = (side.model_record for side in sides)
    known = was and now and was.weights_sha256 and now.weights_sha256
    is_other = known and was and now and was.weights_sha256 != now.weights_sha256
    other = ", though of other weights, so that a change counts as noise" if is_other else ""
    return f"what flips: two runs, which trade places wording by wording{other}"


def _print_json(found: "SelfTest", source: str) -> None:
    values = asdict(found)
    values["policy"] = found.policy.model_dump()
    values["flips_source"] = source
    values["tasks"] = [
        {"task": t.task, "cases": t.cases, "wordings": t.wordings, "kept": t.is_kept}
        for t in found.tasks
    ]
    for cell in (values["unchanged"], *values["cells"]):
        cell["kept"] = cell.pop("is_kept")
    say_document(values)
