"""Divides a run's plan among sessions on several machines.

Cases that share a wording stay together, as do the answers to one case: a shard's own intervals are
over wordings, and their prompts begin alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.shard import Shard
from harness.run.plan import RunPlan

CaseKey = tuple[str, str]
"""Task and case id."""
DECIDED_LATER = "harness run merge decides over the cases of all shards"


def part_of(plan: RunPlan, shard: Shard) -> RunPlan:
    """The part of a plan that a shard answers, the same in every session with this plan.

    Groups of cases are dealt by their place, not by a hash, so that shards are of equal size: the
    largest one is what all others wait for.

    Raises:
        HarnessError: there are fewer groups than shards.
    """
    cases = _dealt(list(_groups(plan).values()), shard)
    own = {c for group in cases for c in group}
    return replace(
        plan,
        requests=_of(plan.requests, own),
        timed=_of(plan.timed, own),
        shard=replace(shard, plan_fingerprint=plan.fingerprint),
    )


def _groups(plan: RunPlan) -> Mapping[tuple[str, bool, str], Sequence[CaseKey]]:
    """The asked cases of each wording, in the order of the plan."""
    found: dict[tuple[str, bool, str], dict[CaseKey, None]] = {}
    for requests in plan.requests.values():
        for request in requests:
            template = plan.tasks[request.task].case(request.case_id).template
            wording = (request.task, bool(template), template or request.case_id)
            found.setdefault(wording, {})[request.task, request.case_id] = None
    return {wording: [*cases] for wording, cases in found.items()}


def _dealt(groups: Sequence[Sequence[CaseKey]], shard: Shard) -> list[Sequence[CaseKey]]:
    """The groups of one shard. Large ones are dealt first, each to the shard with fewest cases."""
    if len(groups) < shard.count:
        raise HarnessError(
            f"--shard {shard.index}/{shard.count}: there are {len(groups)} groups of cases that "
            "share a wording, more shards would have nothing to answer"
        )
    own: list[Sequence[CaseKey]] = []
    sizes = [0] * shard.count
    for group in sorted(groups, key=len, reverse=True):
        least = sizes.index(min(sizes))
        sizes[least] += len(group)
        if least == shard.index - 1:
            own.append(group)
    return own


def _of(
    requests: Mapping[ModelRef, tuple[Request, ...]], own: set[CaseKey]
) -> dict[ModelRef, tuple[Request, ...]]:
    return {
        ref: tuple(r for r in asked if (r.task, r.case_id) in own)
        for ref, asked in requests.items()
    }
