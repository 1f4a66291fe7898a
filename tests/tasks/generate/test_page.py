"""The examples of ``docs/generated-prompts.md`` draw, and its numbers are those of the code."""

import re
from typing import get_args

from harness.tasks.generate.drawing import Drawing
from harness.tasks.generate.shrinking import Bounds
from harness.tasks.task import load_task
from harness.tasks.variables import Variable
from tests.models import ROOT

PAGE = (ROOT / "docs/generated-prompts.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_the_declared_variables_draw(tmp_path):
    (tmp_path / "task.yaml").write_text(BLOCKS["tasks/invoice/task.yaml"])
    names = re.findall(r"^  (\w+): \{type", BLOCKS["tasks/invoice/task.yaml"], re.MULTILINE)
    own = ", ".join(f'"{name}": ""' for name in names)
    (tmp_path / "cases.jsonl").write_text(f'{{"id": "a", "variables": {{{own}}}}}\n')
    task = load_task(tmp_path)
    assert len(Drawing(9, 0).cases_of(task).cases) == 9
    declared = {variable.type for variable in task.file.variables.values()}
    every = {m.model_fields["type"].annotation for m in get_args(get_args(Variable)[0])}
    assert declared == {name for literal in every for name in get_args(literal)}
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert set(rows) == declared


def test_the_strategy_of_its_own_draws(tmp_path):
    (tmp_path / "task.yaml").write_text(
        'description: x\nprompt: "{text}"\noutput: {format: json, exact: [/sum]}\n'
    )
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "variables": {"text": ""}}\n')
    (tmp_path / "cases.py").write_text(BLOCKS["tasks/sum/cases.py"])
    for case in Drawing(9, 0).cases_of(load_task(tmp_path)).cases:
        a, b = case.variables["text"].split(" + ")
        assert case.reference == {"sum": int(a) + int(b)}


def test_the_bounds_are_those_of_the_code():
    bounds = Bounds()
    assert f"smallest {bounds.batch} go to the model" in PAGE
    assert f"after {bounds.steps} steps or {bounds.requests} prompts" in PAGE
