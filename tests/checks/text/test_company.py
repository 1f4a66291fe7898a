"""A fence, commentary and reasoning around an answer, where a task allows them."""

import json

import pytest

from harness.checks.text.company import Company, view_of
from harness.tasks.check.grading import check_task
from harness.tasks.judging import BrokenLine, judge_lines

GOOD = '{"a": 1}'
FENCE = f"```json\n{GOOD}\n```"
SCHEMA = {"type": "object", "required": ["a"]}


def judged(completion, **declared):
    line = {"id": 1, "completion": completion, "schema": SCHEMA, **declared}
    (found,) = judge_lines([json.dumps(line).encode()])
    return found


def failed(completion, **declared):
    """Code and text at the place of each failure, by behavior."""
    raw, found = completion, judged(completion, **declared).verdicts
    return {
        name: (v.code.value, raw[slice(*v.span)])
        for name, v in found.items()
        if v.outcome.value not in ("passed", "skipped")
    }


EDGES = ("json_validity", "no_extra_text")
VALUE = ("duplicate_keys", "required_keys", "schema_types", "types")


@pytest.mark.parametrize(
    ("completion", "declared"),
    [
        (FENCE, {"fence": "required"}),
        (FENCE, {"fence": "allowed"}),
        (GOOD, {"fence": "allowed"}),
        (f"  {FENCE}\n\n", {"fence": "required"}),
        (FENCE.replace("json", ""), {"fence": "required"}),
        (FENCE.replace("json", "text"), {"fence": "required"}),
        (FENCE.replace("json", "JSON"), {"fence": "required", "fence_language": "json"}),
        (FENCE.replace("```", "~~~~"), {"fence": "required"}),
        (f"Sure!\n\n{FENCE}\nBye.", {"fence": "required", "commentary": True}),
        (f"<think>\n{FENCE}\n</think>\n{GOOD}", {"reasoning": "allowed"}),
        (f"<think>so</think>{FENCE}", {"reasoning": "allowed", "fence": "required"}),
        (f"so\n</think>\n{GOOD}", {"reasoning": "allowed"}),
        (
            f"<a>so</a>{GOOD}",
            {"reasoning": {"allowed": True, "marks": [["<a>", "</a>"]]}},
        ),
        ('{"a": "</think>"}', {"reasoning": "allowed"}),
        ('{"a": "```"}', {"fence": "allowed"}),
    ],
)
def test_what_may_stand_around_an_answer(completion, declared):
    assert failed(completion, **declared) == {}


@pytest.mark.parametrize(
    ("completion", "declared", "code", "at", "behaviors"),
    [
        (GOOD, {"fence": "required"}, "fence_missing", GOOD, EDGES),
        (FENCE[:-3], {"fence": "required"}, "fence_unclosed", "```json", EDGES),
        (FENCE, {}, "markdown_fence", "```json", EDGES),
        (
            FENCE.replace("json", "yaml"),
            {"fence": "allowed"},
            *("fence_language", "```yaml", EDGES),
        ),
        (
            FENCE.replace("json", ""),
            {"fence": "allowed", "fence_language": "json"},
            *("fence_language", "```", EDGES),
        ),
        (
            f"{FENCE}\n{FENCE}",
            {"fence": "required", "commentary": True},
            *("second_document", "```json", EDGES),
        ),
        (f"Sure!\n{FENCE}", {"fence": "required"}, "text_before", "Sure!", EDGES),
        (f"{FENCE}\nBye.", {"fence": "required"}, "text_after", "Bye.", EDGES),
        (f"Sure!\n{GOOD}", {"fence": "allowed", "commentary": True}, "text_before", "Sure!", EDGES),
        (
            f"```\n{GOOD} so\n```",
            {"fence": "required"},
            *("text_after", "so", EDGES),
        ),
        (
            '```\n{"b": 1}\n```',
            {"fence": "required"},
            *("missing_key", '{"b": 1}', ("required_keys", "schema_types")),
        ),
        (
            '```\n{"a": 1,}\n```',
            {"fence": "required"},
            *("syntax", ",}", ("json_validity", *VALUE)),
        ),
        (f"<think>so</think>{GOOD}", {}, "think_block", "<think>so</think>", EDGES),
        (
            f"<think>so\n{FENCE}",
            {"reasoning": "allowed", "fence": "allowed", "commentary": True},
            *("no_json", f"<think>so\n{FENCE}", (*EDGES, *VALUE)),
        ),
        (
            f"<think>{GOOD}</think>",
            {"reasoning": "allowed"},
            *("no_json", f"<think>{GOOD}</think>", (*EDGES, *VALUE)),
        ),
    ],
)
def test_what_may_not(completion, declared, code, at, behaviors):
    assert failed(completion, **declared) == dict.fromkeys(behaviors, (code, at))


def test_an_answer_that_the_token_limit_cut_in_its_fence():
    found = failed('```json\n{"a": ', fence="required", finish_reason="length")
    codes = {name: code for name, (code, _) in found.items()}
    assert codes.pop("no_extra_text") == "fence_unclosed"
    assert set(codes.values()) == {"truncated"}


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"fence": "maybe"}, "fence: input should be 'forbidden', 'allowed' or 'required'"),
        ({"commentary": True}, "commentary needs fence: allowed or required"),
        ({"fence_language": "json"}, "fence_language needs fence: allowed or required"),
        ({"reasoning": "yes"}, "reasoning: expected a list of pairs"),
    ],
)
def test_mistakes(declared, reason):
    found = judged(GOOD, **declared)
    assert isinstance(found, BrokenLine)
    assert found.reason.startswith(reason)


def test_a_view_is_as_long_as_the_text_and_shows_the_answer_alone():
    text = f"Sure!\n{FENCE}\nBye."
    view = view_of(text, Company("allowed", commentary=True, format="json"))
    assert len(view.text) == len(text)
    assert view.text.strip() == GOOD
    assert view.text.index(GOOD) == text.index(GOOD)
    assert view.fault is None


def test_a_fence_in_a_fence_is_the_answer_s():
    text = "````\n```\nx\n```\n````"
    view = view_of(text, Company("required"))
    assert view.text.strip() == "```\nx\n```"


REFERENCES = {
    "json": ({"name": "Ada", "amount": 3}, "Ada owes 3."),
    "python": ("def add(a):\n    return a", "Write add."),
    "text": ("To: Ada\nAmount: 3", "Ada owes 3."),
}
TASKS = {
    "json": "format: json, exact: [/name, /amount], grounded: [/name]",
    "python": "format: python, function: function",
    "text": "format: text, sections: ['To:', 'Amount:']",
}


@pytest.mark.parametrize("company", ["fence: required", "fence: allowed, commentary: true"])
@pytest.mark.parametrize("form", TASKS)
def test_references_and_corruptions_stand_in_the_fence(tmp_path, form, company):
    reference, prompt = REFERENCES[form]
    task = f"description: x\nprompt: '{{text}}'\noutput: {{{TASKS[form]}, {company}}}\n"
    (tmp_path / "task.yaml").write_text(task)
    variables = {"text": prompt, "function": "add"}
    case = {"id": "a", "variables": variables, "reference": reference}
    (tmp_path / "cases.jsonl").write_text(json.dumps(case))
    grade = check_task(tmp_path)
    assert [m.text for m in grade.mistakes] == []
    tried = {c.defect: c.made for c in grade.corruptions}
    assert tried["fence not closed"] == tried["second fence"] == 1
    assert tried["fence dropped"] == ("required" in company)
    assert tried["chatter around the fence"] == ("commentary" not in company)
