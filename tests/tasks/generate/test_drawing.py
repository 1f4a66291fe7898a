"""Cases drawn from what a task declares, or from its own strategy."""

import json
import re
from datetime import date

import pytest

from harness.core.errors import HarnessError
from harness.tasks.generate.drawing import Drawing
from harness.tasks.task import load_task

TASK = """\
description: x
system: Be brief.
prompt: "Say {word}."
output: {format: text}
variables:
  word: %s
"""


@pytest.fixture
def task(tmp_path):
    """Writes a task; its variable, or its ``cases.py``, is what the caller says."""

    def write(word="{type: integer, max: 9}", code=None):
        text = TASK % word if code is None else TASK.partition("variables")[0]
        (tmp_path / "task.yaml").write_text(text)
        line = {"id": "own", "variables": {"word": "x"}}
        (tmp_path / "cases.jsonl").write_text(json.dumps(line) + "\n")
        if code is not None:
            (tmp_path / "cases.py").write_text(code)
        return load_task(tmp_path)

    return write


def words(task, count=50, seed=0):
    return [c.variables["word"] for c in Drawing(count, seed).cases_of(task).cases]


# What is declared


@pytest.mark.parametrize(
    ("declared", "holds"),
    [
        ("{type: sample, of: [a, 2, 1.5]}", lambda v: v in ("a", 2, 1.5)),
        (
            "{type: words, of: [ab, cd], min_words: 2, max_words: 3}",
            lambda v: re.fullmatch("(ab|cd)( (ab|cd)){1,2}", v),
        ),
        (
            "{type: text, alphabet: xyz, min_characters: 1, max_characters: 4}",
            lambda v: re.fullmatch("[xyz]{1,4}", v),
        ),
        ("{type: text}", lambda v: len(v) <= 80 and v.isprintable()),
        ("{type: integer, min: -5, max: 5}", lambda v: v in range(-5, 6)),
        (
            "{type: decimal, min: 0.5, max: 99.99}",
            lambda v: re.fullmatch(r"\d+\.\d\d", v) and 0.5 <= float(v) <= 99.99,
        ),
        ("{type: decimal, max: 3, places: 0}", lambda v: v in ("0", "1", "2", "3")),
        (
            "{type: date, earliest: 2024-02-28, latest: 2024-03-01}",
            lambda v: date(2024, 2, 28) <= date.fromisoformat(v) <= date(2024, 3, 1),
        ),
        (
            "{type: date, earliest: 2024-02-28, latest: 2024-03-01, format: '%d.%m.%y'}",
            lambda v: v in ("28.02.24", "29.02.24", "01.03.24"),
        ),
        ("{type: regex, pattern: '[ab]{2}(!|)'}", lambda v: re.fullmatch("[ab]{2}(!|)", v)),
    ],
)
def test_a_variable_is_drawn_as_declared(task, declared, holds):
    found = words(task(declared))
    assert len(found) > 1
    assert all(holds(word) for word in found), found


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("{type: integer, min: 5, max: 4}", "min 5 is above max 4"),
        ("{type: decimal, min: 0.001, max: 0.009}", "no number of 2 places lies from 0.001"),
        ("{type: date, earliest: 2024-02-30, latest: 2024-03-01}", "earliest"),
        ("{type: date, earliest: 2025-01-01, latest: 2024-03-01}", "is above latest"),
        ("{type: regex, pattern: '['}", "'[' is no regular expression of Python"),
        ("{type: regex, pattern: '[[0-5]'}", "Possible nested set at position 1, escape it with a"),
        ("{type: regex, pattern: '[a--b]'}", "Possible set difference at position 2, escape it"),
        ("{type: sample, of: []}", "at least 1 item"),
        ("{type: sentence}", "sample"),
        ("{type: integer, maximum: 4}", "max"),
    ],
)
def test_a_mistake_in_a_declaration_is_told_with_its_line(task, declared, said):
    with pytest.raises(HarnessError) as error:
        task(declared)
    assert re.match(r".*task\.yaml:\d+: variables\.word", str(error.value)), error.value
    assert said in str(error.value)


def test_every_variable_of_the_prompt_is_declared(tmp_path, task):
    task()
    file = tmp_path / "task.yaml"
    file.write_text(file.read_text().replace("{word}", "{word} {other}"))
    with pytest.raises(HarnessError, match=r"the prompt asks for \{other\}, say how it is drawn"):
        load_task(tmp_path)


# Drawing


def test_the_cases_are_those_of_the_seed_and_more_begin_with_the_same(task):
    drawn = Drawing(20, 7).cases_of(task("{type: text}"))
    again = Drawing(20, 7).cases_of(task("{type: text}"))
    assert drawn.cases == again.cases
    assert Drawing(5, 7).cases_of(task("{type: text}")).cases == drawn.cases[:5]
    assert Drawing(20, 8).cases_of(task("{type: text}")).cases_sha256 != drawn.cases_sha256


def test_cases_are_named_tagged_and_rendered(task):
    drawn = Drawing(3, 7).cases_of(task())
    assert [c.id for c in drawn.cases] == ["generated-7-0", "generated-7-1", "generated-7-2"]
    assert all(c.tags == ("generated",) for c in drawn.cases)
    assert [m.role for m in drawn.cases[0].messages] == ["system", "user"]
    assert drawn.cases[0].messages[1].content == f"Say {drawn.cases[0].variables['word']}."
    assert (drawn.is_selected, drawn.generate_seed) == (True, 7)


def test_no_prompt_is_drawn_twice_and_a_strategy_that_has_no_more_gives_fewer(task):
    assert sorted(words(task("{type: integer, max: 9}"))) == list(range(10))


# The user's own strategy


def test_a_strategy_of_its_own_may_give_references_tags_templates_and_messages(task):
    code = """
from hypothesis import strategies as st

def cases():
    return st.integers(0, 99).map(lambda n: {
        "messages": [{"role": "user", "content": f"{n} + 1?"}],
        "reference": n + 1, "tags": ["sum"], "template": "plus",
    })
"""
    case = Drawing(1, 0).cases_of(task(code=code)).cases[0]
    assert case.messages[-1].content == f"{case.reference - 1} + 1?"
    assert (case.tags, case.template) == (("sum", "generated"), "plus")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\n", "cases.py:1: has no function cases()"),
        ("def cases():\n    return 3\n", "cases.py:1: cases() gave 3, expected a Hypothesis"),
        ("import nonesuch\n", "cases.py:1: ModuleNotFoundError: No module named 'nonesuch'"),
        ("def cases(:\n", "cases.py:1: SyntaxError"),
        ("\ndef cases():\n    return 1 / 0\n", "cases.py:3: ZeroDivisionError: division by zero"),
        (
            "from hypothesis import strategies as st\n"
            "def broken(n):\n    return {}[n]\n"
            "def cases():\n    return st.integers().map(broken)\n",
            "cases.py:3: KeyError",
        ),
        (
            "from hypothesis import strategies as st\ndef cases():\n    return st.just(3)\n",
            "a drawn case is 3, expected a dict of variables, no id",
        ),
        (
            "from hypothesis import strategies as st\n"
            "def cases():\n    return st.just({'variables': {'wrd': 1}})\n",
            "the prompt asks for {word}, add it (there are: wrd)",
        ),
        (
            "from hypothesis import strategies as st\n"
            "def cases():\n    return st.just({'variable': {}})\n",
            "variable: unknown key, did you mean 'variables'?",
        ),
        (
            "from hypothesis import strategies as st\n"
            "def cases():\n    return st.integers().filter(lambda n: False)\n",
            "its strategy rejects whatever is drawn",
        ),
    ],
)
def test_a_mistake_in_the_users_code_is_one_line(task, code, said):
    with pytest.raises(HarnessError) as error:
        Drawing(5, 0).cases_of(task(code=code))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_task_says_it_once(tmp_path, task):
    task()
    (tmp_path / "cases.py").write_text("")
    with pytest.raises(HarnessError, match="has variables already, keep one of the two"):
        Drawing(5, 0).cases_of(load_task(tmp_path))


def test_a_task_that_says_nothing_has_no_drawn_cases(tmp_path, task):
    task()
    file = tmp_path / "task.yaml"
    file.write_text(file.read_text().partition("variables")[0])
    assert Drawing(5, 0).cases_of(load_task(tmp_path)) is None


def test_a_tasks_code_is_run_only_to_draw_and_leaves_nothing_beside_it(tmp_path, task):
    code = f"import os\nos.mkdir({str(tmp_path / 'ran')!r})\ndef cases(): return None\n"
    loaded = task(code=code)
    before = {p.name for p in tmp_path.iterdir()}
    assert before == {"task.yaml", "cases.jsonl", "cases.py"}
    with pytest.raises(HarnessError):
        Drawing(5, 0).cases_of(loaded)
    assert {p.name for p in tmp_path.iterdir()} == {*before, "ran"}
