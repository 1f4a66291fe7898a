"""Rows in IFStruct's form: a whole-row verdict is its own program's, but for what the import names.

The rule of that program is written here from its description.
"""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.core.completion import Completion
from harness.tasks.imports.ifstruct import DIFFERENCES, case_of_row, held, ifstruct
from harness.tasks.imports.importing import import_task
from harness.tasks.imports.rows import RowRefused
from harness.tasks.imports.source import Source
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task, load_task

ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 1},
        "n": {"type": "integer", "minimum": 0, "maximum": 9},
        "unit": {"type": "string", "enum": ["cup", "tsp"]},
        "rate": {"type": ["number", "null"]},
        "parts": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
    },
    "required": ["name", "n"],
}
KINDS = [(f, w, c, n) for f in ("json", "yaml") for w in (0, 1) for c in (0, 1) for n in (0, 1)]


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    form, wrapper, fence, bare = KINDS[number % len(KINDS)]
    return {
        "seed": number,
        "entity_type": "recipe",
        "prompt": f"Write recipes, {number}.",
        "json_schema": {"type": "array", "items": ITEM},
        "top_level_count": 2 if number % 3 else [1, 3],
        "top_level_key": "recipes" if wrapper else None,
        "require_wrapper_key": bool(wrapper),
        "require_code_block": bool(fence),
        "require_no_commentary": bool(bare),
        "output_format": form,
        **changes,
    }


def imported(folder: Path, *rows: dict[str, Any]) -> Task:
    file = folder / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(r)}\n" for r in rows), "utf-8")
    source = Source(file)
    done = import_task(ifstruct(source), source, folder / "ifstruct")
    assert done.grade.is_sound
    return load_task(folder / "ifstruct")


def ours(task: Task, asked: dict[str, Any], text: str) -> bool:
    name = f"{asked['output_format']}-{asked['seed']}"
    verdicts = judge_answer(task.case(name), Completion(text, case_id=name), task)
    return all(verdicts[n].outcome.value in ("passed", "skipped") for n in task.required)


# The benchmark's rule


class _Plain(yaml.SafeLoader):
    """YAML 1.1 without dates."""


_Plain.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def official(asked: dict[str, Any], text: str) -> bool:
    flags = re.DOTALL | re.IGNORECASE
    for mark in ("<think>.*?</think>", "^.*?</think>", "<think>.*$"):
        text = re.sub(mark, "", text, flags=flags)
    text = text.rstrip()
    text = text.removesuffix("<|end|>" if text.endswith("<|end|>") else "<|return|>")
    lines = text.strip().splitlines()
    fences = [n for n, line in enumerate(lines) if line.startswith("```")]
    if (asked["require_code_block"] and len(fences) < 2) or len(fences) == 1:
        return False
    content, around = "\n".join(lines), ""
    if fences:
        other = {"json": ("yaml", "yml"), "yaml": ("json",)}[asked["output_format"]]
        if lines[fences[0]][3:].strip().lower().startswith(other):
            return False
        content = "\n".join(lines[fences[0] + 1 : fences[1]])
        around = "".join([*lines[: fences[0]], *lines[fences[-1] + 1 :], lines[fences[-1]][3:]])
    if asked["require_no_commentary"] and around.strip():
        return False
    try:
        value = json.loads(content) if asked["output_format"] == "json" else _block(content)
    except (ValueError, yaml.YAMLError):
        return False
    return _has_shape(asked, value)


def _block(content: str) -> Any:
    waiting = [yaml.compose(content, Loader=_Plain)]
    assert waiting[0] is not None
    if waiting[0].flow_style:
        raise ValueError("JSON's style")
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            if node.flow_style:
                raise ValueError("braces")
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return yaml.load(content, _Plain)


def _has_shape(asked: dict[str, Any], value: Any) -> bool:
    is_wrapped = isinstance(value, dict) and len(value) == 1
    if asked["require_wrapper_key"]:
        if not is_wrapped or [*value] != [asked["top_level_key"]]:
            return False
        value = value[asked["top_level_key"]]
    count = asked["top_level_count"]
    least, most = count if isinstance(count, list) else (count, count)
    return isinstance(value, list) and least <= len(value) <= most and _fits(
        value, asked["json_schema"]
    )  # fmt: skip


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if value is None:
        return "null" in kinds
    kind = next(k for k in kinds if k != "null")
    if kind == "object":
        known = schema["properties"]
        return (
            isinstance(value, dict)
            and {*schema["required"]} <= value.keys() <= known.keys()
            and all(_fits(v, known[k]) for k, v in value.items())
        )
    if kind == "array":
        return (
            isinstance(value, list)
            and schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 99)
            and all(_fits(v, schema["items"]) for v in value)
        )
    if kind in ("number", "integer"):
        types = int if kind == "integer" else (int, float)
        is_number = isinstance(value, types) and not isinstance(value, bool)
        least, most = schema.get("minimum"), schema.get("maximum")
        return is_number and not (least is not None and (value < least or value > most))
    return isinstance(value, str) and value in schema.get("enum", [value])


# Answers


def items(draw: random.Random) -> list[Any]:
    texts = ["a b", "x: y", 'quote " q', "12", "line\nbreak", "```py\nx\n```", "`c`", "", "- d"]
    made = []
    for _ in range(2):
        item: dict[str, Any] = {"name": draw.choice(texts), "n": draw.randint(0, 9)}
        for key, values in {"unit": ["cup", "tsp"], "rate": [1, 2.5, None]}.items():
            if draw.random() < 0.7:
                item[key] = draw.choice(values)
        made.append({**item, "parts": [draw.choice(texts)]})
    return made


def broken(made: list[Any], draw: random.Random) -> Any:
    item = made[0]
    change = draw.randrange(12)
    if change == 0:
        del item["n"]
    elif change == 1:
        item["more"] = 1
    elif change == 2:
        item[draw.choice(["name", "n", "unit", "rate"])] = draw.choice([None, 1, "s", [], 99, 0.5])
    elif change == 3:
        item["parts"] = draw.choice([[], ["a", "b", "c"], [1], None])
    elif change == 4:
        made = [*made, item, item]
    elif change == 5:
        made = draw.choice([[], [made], [1], made[:1]])
    return made


def answer(asked: dict[str, Any], draw: random.Random) -> str:
    value: Any = broken(items(draw), draw)
    if asked["require_wrapper_key"] is (draw.random() < 0.9):
        value = {draw.choice(["recipes"] * 9 + ["others"]): value}
    if asked["output_format"] == "json" and draw.random() < 0.95:
        text = json.dumps(value, indent=draw.choice([None, 2]))
    else:
        style = draw.choice([None, None, None, '"', "'", "|"])
        flow = draw.choice([False] * 8 + [None, True])
        text = yaml.safe_dump(value, default_style=style, default_flow_style=flow, sort_keys=False)
        text = re.sub("!!(int|float|bool|null) ", "", text) if style is None else text
    if asked["require_code_block"] is (draw.random() < 0.9):
        label = draw.choice([asked["output_format"]] * 6 + ["", "yml", "json", "yaml", "text"])
        text = f"```{label}\n{text.rstrip()}\n```"
    text = (
        draw.choice([""] * 8 + ["Here it is:\n", "<think>[1]</think>\n", "so\n</think>\n\n"]) + text
    )
    return text + draw.choice([""] * 8 + ["\nI hope that this helps you.", "\n}", "\n\n"])


def test_verdicts_on_150_prompts_are_its_own(tmp_path: Path) -> None:
    draw = random.Random(11)
    rows = [row(number) for number in range(150)]
    task = imported(tmp_path, *rows)
    verdicts = []
    for asked in rows * 2:
        text = answer(asked, draw)
        verdicts.append(official(asked, text))
        assert ours(task, asked, text) is verdicts[-1], (asked, text)
    assert 75 < sum(verdicts) < 225


GOOD = '[{"name": "a", "n": 1}, {"name": "b", "n": 2}]'
JSON, FENCED = row(1), row(2)
YAML = row(9, top_level_count=2)
DIFFERING = {
    "the number 1.0 where an integer is asked for": (JSON, GOOD.replace("2}", "2.0}"), False),
    "NaN and Infinity": (JSON, GOOD.replace("2}", '2, "rate": NaN}'), True),
    "a key twice in one object": (JSON, GOOD.replace("2}", '3, "n": 2}'), True),
    "a second fence": (FENCED, f"```json\n{GOOD}\n```\nor\n```json\n{GOOD}\n```", True),
    "<|end|> or <|return|> at the end": (JSON, f"{GOOD}<|end|>\n", True),
    "marks of reasoning within a value": (
        JSON,
        GOOD.replace('"a"', '"<think>,</think>"').replace('"b"', '"</think>"'),
        False,
    ),
    "reasoning in other marks than <think>, [THINK] and GPT-OSS's": (
        JSON,
        f"<reasoning>one, two</reasoning>{GOOD}",
        False,
    ),
    "a fence with a label such as python, or a label on the line that closes it": (
        FENCED,
        f"```python\n{GOOD}\n```",
        True,
    ),
    "a fence that is indented or of tildes": (FENCED, f"~~~json\n{GOOD}\n~~~", False),
    "blanks that JSON does not know around an answer (a no-break space)": (
        JSON,
        f"\u00a0{GOOD}",
        True,
    ),
    "yes, no, on, off, 1_000, 017, 1:30, 1e3 and other words of YAML 1.1": (
        YAML,
        "- name: no\n  n: 1\n- name: b\n  n: 2\n",
        False,
    ),
    "tags and merge keys (<<) of YAML 1.1": (
        YAML,
        "- &a\n  name: a\n  n: 1\n- <<: *a\n  n: 2\n",
        True,
    ),
}


@pytest.mark.parametrize("about", DIFFERING)
def test_each_difference_is_named_and_is_one(tmp_path: Path, about: str) -> None:
    asked, text, verdict = DIFFERING[about]
    task = imported(tmp_path, asked)
    assert (official(asked, text), ours(task, asked, text)) == (verdict, not verdict)


def test_no_other_difference_is_named() -> None:
    assert {d.about for d in DIFFERENCES} == DIFFERING.keys()


@pytest.mark.parametrize("token", ["<|end|>", "<|return|>"])
def test_a_token_of_gpt_oss_at_the_end_is_extra_text(tmp_path: Path, token: str) -> None:
    """It is cut off by the benchmark's program, once and at the end alone."""
    alone = row(3)
    task = imported(tmp_path, JSON, alone, YAML)
    in_yaml = "- name: a\n  n: 1\n- name: b\n  n: 2"
    answers = [(JSON, GOOD), (alone, f"```json\n{GOOD}\n```"), (YAML, in_yaml)]
    for asked, text in answers:
        for ending in ("", token, f"\n{token} \n"):
            assert official(asked, text + ending)
            assert ours(task, asked, text + ending) is (not ending)
    name = f"json-{JSON['seed']}"
    ended = Completion(f"{GOOD}{token}", case_id=name)
    assert judge_answer(task.case(name), ended, task)["json_validity"].code == "special_token"
    for both in (f"{GOOD}{token}{token}", f"{token}{GOOD}", f"{GOOD}<|im_end|>"):
        assert (official(JSON, both), ours(task, JSON, both)) == (False, False)


def test_the_limit_of_tokens_is_one_unless_it_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("")
    source = Source(tmp_path / "rows.jsonl")
    assert ifstruct(source, 48).differences[-1].about == "answers longer than 48 tokens"
    assert ifstruct(source, 16_000).differences == DIFFERENCES


def test_reasoning_of_its_marks_may_stand_before_an_answer(tmp_path: Path) -> None:
    task = imported(tmp_path, JSON, FENCED)
    assert ours(task, JSON, f"<think>[]</think>{GOOD}")
    assert ours(task, FENCED, f"<think>\n```json\n[]\n```\n</think>\n```json\n{GOOD}\n```")
    assert not ours(task, FENCED, f"<think>never closed\n```json\n{GOOD}\n```")


def test_the_data_set_s_form_has_texts_and_a_number_of_its_own() -> None:
    asked = row(
        4, json_schema=json.dumps({"type": "array", "items": ITEM}), top_level_count="[1, 3]"
    )
    del asked["seed"]
    case = case_of_row({"doc_id": 77, **asked}, 5)
    assert case["id"] == "json-77"
    assert case["schema"]["properties"]["recipes"]["maxItems"] == 3
    assert case["tags"] == ["format:json", "structure:wrapper_key", "entity:recipe"]
    assert case_of_row(asked, 5)["id"] == "json-5"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output_format": "toml"}, "output_format: 'toml' is neither json nor yaml"),
        ({"prompt": " "}, "prompt: expected a text"),
        ({"require_code_block": 1}, "require_code_block: expected true or false, found 1"),
        ({"top_level_count": "two"}, "top_level_count: a text that is not valid JSON"),
        ({"top_level_count": [1, True]}, "top_level_count: expected a number or two"),
        ({"json_schema": "schema.json"}, "json_schema: a text that is not valid JSON"),
        ({"json_schema": {"type": "object"}}, "json_schema: expected that of an array"),
        ({"top_level_key": 3, "require_wrapper_key": True}, "top_level_key: expected a text"),
    ],
)
def test_a_row_that_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RowRefused) as raised:
        case_of_row(row(**changes), 1)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": ["string", "integer"]}},
        {"type": "array", "items": {"enum": [1]}},
        {"type": "array", "items": {"type": "null"}},
        {"type": "array", "items": True},
        {"type": "array", "minItems": "2"},
        {"type": "array", "items": {"type": "object", "required": "name"}},
    ],
)
def test_a_schema_of_which_its_program_would_hold_nothing_is_refused(schema: Any) -> None:
    with pytest.raises(RowRefused):
        held(schema)


def test_any_key_may_wrap_where_none_is_named(tmp_path: Path) -> None:
    asked = row(4, top_level_key=None)
    task = imported(tmp_path, asked)
    assert ours(task, asked, f'{{"any": {GOOD}}}')
    assert not ours(task, asked, f'{{"any": {GOOD}, "other": []}}')
