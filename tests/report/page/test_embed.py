"""The page's data: what its script gets of each case."""

from dataclasses import replace

from tests.report.right_and_wrong import RIGHT, SYSTEM, right_and_wrong
from tests.report.test_html import data_of, page_of
from tests.synthetic import BEHAVIORS, record


def test_the_script_knows_which_behaviors_judged_an_answer() -> None:
    run = right_and_wrong()
    first = replace(
        run.samples[0], verdicts={k: v for k, v in run.samples[0].verdicts.items() if k != RIGHT}
    )
    [task] = data_of(page_of(replace(run, samples=(first, *run.samples[1:]))))["tasks"]
    names = [[task["names"][place] for place in judged] for judged in task["judged"]]
    assert names == [[*BEHAVIORS, RIGHT]] * 2
    assert [
        [row, side, [task["names"][n] for n in absent]] for row, side, absent in task["absent"]
    ] == [[0, 0, [RIGHT]]]


def test_the_script_takes_a_chat_prompt_apart() -> None:
    """Lengths count UTF-16 units, as JavaScript does: the smiley has two."""
    [task] = data_of(page_of(right_and_wrong()))["tasks"]
    first = task["cases"][0]
    whole, at, found = task["prefix"] + task["texts"][first[2]], 0, []
    units = whole.encode("utf-16-le")
    for role, length in zip(*[iter(task["messages"][str(first[2])])] * 2, strict=True):
        at += 2 * len(f"[{task['names'][role]}]\n")
        found.append((task["names"][role], units[at : at + 2 * length].decode("utf-16-le")))
        at += 2 * (length + 2)
    prompt = right_and_wrong().samples[0].messages[-1].content
    assert found == [("system", SYSTEM), ("user", prompt)]
    assert data_of(page_of(record(2)))["tasks"][0]["messages"] == {}


def test_the_script_knows_the_format_of_each_case() -> None:
    run = record(3)
    tasks = tuple(replace(t, format="csv", delimiter=";") for t in run.tasks)
    own = replace(run.samples[1], declared='{"format":"jsonl"}')
    [task] = data_of(
        page_of(replace(run, tasks=tasks, samples=(run.samples[0], own, *run.samples[2:])))
    )["tasks"]
    assert task["format"] == ["csv", ";"]
    assert task["formats"] == [[1, ["jsonl", ";"]]]
    [task] = data_of(page_of(run))["tasks"]
    assert (task["format"], task["formats"]) == (["json", ","], [])
