"""The model in training is judged as the adapter opened afterwards, and is not disturbed."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness import backends
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import requests_for
from harness.engine.events import Answered
from harness.tasks.task import load_task
from tests.models import TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.run.announce import judged_line
from trainers.run.train import train

FORMAT = "format_success_rate"


def trained(recipe: Path, *overrides: str) -> dict[str, Any]:
    train(str(recipe), overrides, overwrite=True)
    found: dict[str, Any] = json.loads((recipe.parent / "out" / "training.json").read_text())
    return found


@pytest.fixture
def recipe(write_recipe, task_rows) -> Path:
    path: Path = write_recipe(
        base=str(TINY_QWEN2), data={"train": str(task_rows), "val": str(task_rows)}, eval_steps=3,
        lora={"r": 4, "lora_alpha": 8, "lora_dropout": 0.1}, learning_rate=2e-3,
        task=str(JSON_EXTRACTION), watch_rows=6,
    )  # fmt: skip
    return path


def test_the_line_of_the_judged_names_what_some_answer_fails() -> None:
    fails = {"rate": 0.5, "interval": [0.2, 0.8], "judged": 6}
    passes = {"rate": 1.0, "interval": [0.6, 1.0], "judged": 6}
    assert judged_line({"variety": fails, "letter": passes}) == (
        "variety 50% (20% to 80%) of 6 held-out prompts"
    )
    assert judged_line({"letter": passes}) == "all behaviors 100% of 6 held-out prompts"
    assert judged_line({}) == "nothing was judged"


def test_watching_changes_no_bit_of_the_adapter(recipe, capsys) -> None:
    watched = trained(recipe)
    seen = [p["behaviors"] for p in watched["curve"] if "behaviors" in p]
    assert len(seen) == 2
    for behaviors in seen:
        assert {FORMAT, "json_validity", "exact_fields"} <= behaviors.keys()
        low, high = behaviors[FORMAT]["interval"]
        assert low <= behaviors[FORMAT]["rate"] <= high
        assert behaviors[FORMAT]["judged"] == 6
    said = capsys.readouterr().out
    (changes,) = (p["changes"] for p in watched["curve"] if "changes" in p)
    assert changes["since"] == 3
    assert f"step 6: {changes['fixed']} fixed, {changes['broke']} broke since step 3\n" in said
    assert f"curve     {FORMAT} " in said
    assert f"val {watched['curve'][-1]['eval_loss']:.4f}  {FORMAT} " in said
    assert f"judged    {FORMAT} {seen[-1][FORMAT]['rate']:.0%} (" in said
    assert watched["result"]["behaviors"] == seen[-1]
    text = recipe.read_text().splitlines()
    recipe.write_text("\n".join(x for x in text if not x.startswith(("task", "watch"))) + "\n")
    alone = trained(recipe)
    assert alone["result"]["adapter_sha256"] == watched["result"]["adapter_sha256"]


@pytest.mark.slow
def test_the_answers_are_those_of_the_opened_adapter(recipe) -> None:
    trained(recipe)
    folder = recipe.parent / "out"
    lines = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3] * 6 + [6] * 6
    task = load_task(JSON_EXTRACTION)
    requests = requests_for(task.name, task.cases[:6], task.sampling, template=task.template)
    ref = ModelRef("adapter", str(folder))
    with contextlib.closing(backends.host()) as host:
        found = [e.completion for e in host.answers(ref, requests) if isinstance(e, Answered)]
    answers = {completion.case_id: completion.text for completion in found}
    assert [line["text"] for line in lines[6:]] == [answers[case.id] for case in task.cases[:6]]
    passed = {line["id"]: line["passes"] for line in lines[:6]}
    for line in lines[6:]:
        was, now = passed[line["id"]], line["passes"]
        assert line["flip"] == (None if was == now else "fixed" if now else "broke")
    before = {line["id"]: line["text"] for line in lines[:6]}
    assert [line["changed"] for line in lines[6:]] == [
        before[line["id"]] != line["text"] for line in lines[6:]
    ]


def test_the_curve_can_be_followed_in_a_file(recipe) -> None:
    record = trained(recipe)
    text = (recipe.parent / "out" / "curves.jsonl").read_text()
    assert [json.loads(line) for line in text.splitlines()] == record["curve"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["task=no_such_task"], "task: .*no_such_task"),
        (["data.val=[]"], "task: needs data.val"),
    ],
)
def test_a_task_that_cannot_be_watched_is_refused(recipe, changes, message) -> None:
    with pytest.raises(HarnessError, match=message):
        train(str(recipe), [*changes, "eval_steps=null"])
