"""Divides requests into blocks that each have about the same share of every wording."""

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness.core.plan import Request
from harness.tasks.task import Task

SEED = 20251120


def in_blocks(
    requests: Sequence[Request], tasks: Mapping[str, Task], shares: Sequence[float]
) -> list[list[Request]]:
    """The requests in a seeded order, in one block for each of the increasing ``shares``.

    Strata are the wordings of each task, pinned cases apart. The cases of a stratum are shuffled
    and spread evenly, from a random start, so that the first share of all cases has that share of
    each stratum, to within a case.
    """
    rng = random.Random(SEED)
    strata: dict[tuple[str, str, bool], list[Request]] = {}
    for request in requests:
        case = tasks[request.task].case(request.case_id)
        strata.setdefault((request.task, case.template, case.must_pass), []).append(request)
    placed = []
    for own in strata.values():
        start = rng.random()
        shuffled = rng.sample(own, len(own))
        placed += [((i + start) / len(own), r) for i, r in enumerate(shuffled)]
    ordered = [request for _, request in sorted(placed, key=lambda pair: pair[0])]
    ends = [0, *(round(share * len(ordered)) for share in shares)]
    blocks = [ordered[a:b] for a, b in pairwise(ends)]
    return [block for block in blocks if block]
