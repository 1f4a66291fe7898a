"""Blocks of requests: every prefix has its share of each wording."""

from collections import Counter
from dataclasses import replace

from harness.core.plan import requests_for
from harness.run.blocks import in_blocks
from harness.tasks.task import load_task
from tests.models import TASKS

SHARES = (0.2, 0.3, 0.5, 1.0)


def test_blocks_ask_each_case_once_and_each_wording_by_its_share() -> None:
    task = load_task(TASKS / "json_extraction")
    pinned = replace(task.cases[-1], must_pass=True)
    task = replace(task, cases=(*task.cases[:-1], pinned))
    requests = requests_for(task.name, task.cases, task.sampling)
    blocks = in_blocks(requests, {task.name: task}, SHARES)
    assert sorted(r.key for block in blocks for r in block) == sorted(r.key for r in requests)
    assert blocks == in_blocks(requests, {task.name: task}, SHARES)
    sizes = Counter((c.template, c.must_pass) for c in task.cases)
    asked = [request for block in blocks[:3] for request in block]
    assert len(asked) == round(0.5 * len(requests))
    cases = [task.case(r.case_id) for r in asked]
    found = Counter((c.template, c.must_pass) for c in cases)
    assert all(abs(found[stratum] - 0.5 * size) <= 1.5 for stratum, size in sizes.items())


def test_blocks_without_a_case_are_left_out() -> None:
    task = load_task(TASKS / "json_extraction")
    requests = requests_for(task.name, task.cases[:2], task.sampling)
    blocks = in_blocks(requests, {task.name: task}, (0.1, 0.5, 1.0))
    assert [len(block) for block in blocks] == [1, 1]
