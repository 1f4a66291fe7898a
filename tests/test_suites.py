"""Every bundled behavior, on completions written by hand, as pytest runs it.

All tasks are judged in one session: each case has a completion that is wrong in its own way, and
the table beside it says which behaviors must fail it and with which code. Every other behavior that
applies must pass it. ``harness judge`` must say the same of the same completions.
"""

import json
from pathlib import Path

import pytest

from harness.checks import listing
from harness.checks.declared.output import Output
from harness.checks.declared.stand_ins import Skip
from harness.core.completion import Completion, FinishReason
from harness.tasks.judging import checks_of, judge_for_task, judge_line
from harness.tasks.judging_line import JudgingLine
from harness.tasks.task import Task, load_task
from tests.models import ROOT
from tests.project import Project
from tests.tool_templates import TOOLS

PAYMENT = """\
description: Read a payment.
prompt: "{text}"
output:
  format: json
  schema: schema.json
  timestamps: {/date: date}
  grounded: [/name, /amount]
  exact: [/amount]
  leaf_values: true
  compare: {/amount: {}}
  items: {/lines: {max: 2}}
variety: {fields: [/name], fallback_phrases: [no idea], max_share: 0.5}
budgets: {repair_lift: 0.8}
"""
PAYMENT_SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "date": {"type": "string"},
        "amount": {"type": "number"},
    },
    "required": ["name", "date", "amount"],
    "additionalProperties": False,
}
GOOD = '{"name": "Ada", "date": "2024-02-29", "amount": 47.2}'
VALUE = ("schema_types", "required_keys", "types", "duplicate_keys")
VALUE += ("timestamp_sanity", "grounding", "exact_fields", "leaf_values")
VALUE += ("item_counts",)


def every(code: str, *behaviors: str) -> dict[str, str]:
    return dict.fromkeys(behaviors, code)


PAYMENTS: dict[str, tuple[str | Completion, dict[str, str]]] = {
    "good": (GOOD, {}),
    "good_again": (GOOD.replace(", ", ",\n").replace("47.2", "47.20"), {}),
    "fence": (f"```json\n{GOOD}\n```", every("markdown_fence", "json_validity", "no_extra_text")),
    "brackets": (GOOD + "}}}}}}", {
        "json_validity": "bracket_loop", "no_extra_text": "text_after",
        "bracket_repetition": "bracket_loop",
    }),
    "string": (GOOD.replace("47.2", '"47.2"'), {
        **every("number_as_string", "schema_types", "types"),
        **every("wrong_value", "exact_fields", "leaf_values"),
    }),
    "missing": (GOOD.replace(', "amount": 47.2', ""), every(
        "missing_key", "schema_types", "required_keys", "grounding", "exact_fields",
        "leaf_values",
    )),
    "twice": (GOOD.replace("{", '{"name": "Ada", ', 1), {"duplicate_keys": "duplicate_key"}),
    "no_day": (GOOD.replace("02-29", "02-30"), {
        "timestamp_sanity": "bad_date", "leaf_values": "wrong_value"
    }),
    "invented": (GOOD.replace("Ada", "Grace"), {
        "grounding": "ungrounded", "leaf_values": "wrong_value"
    }),
    "wrong": (
        GOOD.replace("47.2", "2024"), every("wrong_value", "exact_fields", "leaf_values")
    ),
    "loop": (GOOD + " and so on" * 20, {
        **every("text_after", "json_validity", "no_extra_text"), "repetition": "text_loop",
    }),
    "cut": (Completion(GOOD[:20], FinishReason.LENGTH), {
        **every("truncated", "json_validity", "stops_cleanly", *VALUE),
    }),
    "many": (GOOD.replace("}", ', "lines": [1, 2, 3]}'), {
        "schema_types": "unexpected_key", "item_counts": "schema_other",
    }),
    "limit": (Completion(GOOD, FinishReason.LENGTH), {"stops_cleanly": "truncated"}),
    "prose": ("no idea", every("no_json", "json_validity", "no_extra_text", *VALUE)),
}  # fmt: skip

LETTER = """\
description: Write a letter.
prompt: "{text}"
output:
  format: text
  sections: ["To:", "Account:", "Request:"]
  quotes: [account]
  grounded_patterns: {account: '[0-9]{4}-[0-9]{4}'}
  expected: {polite word: '(?i)please|kindly|FCRA'}
  forbidden: {law: FCRA}
  words: [8, 12]
"""
GOOD_LETTER = "To: Mercer Bank\nAccount: 2558-1351\nRequest: Please check this entry."
LETTERS = {
    "good": (GOOD_LETTER, {}),
    "chatter": ("Sure!\n\n" + GOOD_LETTER, {"no_extra_text": "text_before"}),
    "signed": (GOOD_LETTER + "\n\nAnything else?", {"no_extra_text": "text_after"}),
    "section": (GOOD_LETTER.replace("Request: ", ""), {"sections": "missing_key"}),
    "order": ("Account: 2558-1351\nTo: Mercer Bank\nRequest: Please check this entry.", {
        "sections": "schema_other"
    }),
    "fact": (GOOD_LETTER.replace("2558-1351", "mine"), {"quotes": "wrong_value"}),
    "invented": (GOOD_LETTER + " Not 1111-2222.", {"grounding": "ungrounded"}),
    "rude": (GOOD_LETTER.replace("Please", "Now"), {"expected": "wrong_value"}),
    "law": (GOOD_LETTER.replace("Please", "FCRA"), {"forbidden": "ungrounded"}),
    "short": (GOOD_LETTER.replace(" check this entry.", ""), {"words": "schema_other"}),
}  # fmt: skip

CODE = """\
description: Write a function.
prompt: "{text}"
output: {format: python, function: function, annotations: true, docstring: true}
"""
GOOD_CODE = 'def add(a: int, b: int) -> int:\n    """Add."""\n    return a + b\n'
UNPARSED = ("python_parses", "python_function")
CODES = {
    "good": (GOOD_CODE, {}),
    "fence": (f"```python\n{GOOD_CODE}```", {
        "no_extra_text": "markdown_fence", **every("syntax", *UNPARSED),
    }),
    "advice": (GOOD_CODE + "\nThis adds two numbers.", {
        "no_extra_text": "text_after", **every("syntax", *UNPARSED),
    }),
    "syntax": (GOOD_CODE.replace("int:", "int"), every("syntax", *UNPARSED)),
    "name": (GOOD_CODE.replace("add", "sum_up"), {"python_function": "missing_key"}),
    "bare": (GOOD_CODE.replace("a: int", "a"), {"python_function": "missing_key"}),
    "silent": (GOOD_CODE.replace('"""Add."""', "pass"), {"python_function": "missing_key"}),
    "loop": (GOOD_CODE + "x = 1\n" * 20, {"repetition": "text_loop"}),
}  # fmt: skip

NOTE = PAYMENT.partition("variety")[0].replace("format: json", "format: yaml")
NOTE += "  flow: forbidden\n  anchors: true\n"
GOOD_NOTE = "name: Ada\ndate: 2024-02-29\namount: 47.20\n"
NOTE_VALUE = tuple(name for name in VALUE if name != "duplicate_keys")
NOTES = {
    "good": (GOOD_NOTE, {}),
    "fence": (f"```yaml\n{GOOD_NOTE}```", {
        **every("markdown_fence", "yaml_validity", "no_extra_text"),
    }),
    "string": (GOOD_NOTE.replace("47.20", "'47.20'"), {
        **every("number_as_string", "schema_types", "types"),
        **every("wrong_value", "exact_fields", "leaf_values"),
    }),
    "many": (GOOD_NOTE + "lines:\n  - 1\n  - 2\n  - 3\n", {
        "schema_types": "unexpected_key", "item_counts": "schema_other",
    }),
    "json": (GOOD, {"yaml_validity": "yaml_flow"}),
    "twice": (GOOD_NOTE + "amount: 47.20\n", {"yaml_validity": "duplicate_key"}),
    "prose": ("no idea", every("no_yaml", "yaml_validity", "no_extra_text", *NOTE_VALUE)),
    "tab": (GOOD_NOTE + "\tx: 1\n", every("syntax", "yaml_validity", *NOTE_VALUE)),
}  # fmt: skip

LINES = PAYMENT.partition("variety")[0].replace("format: json", "format: jsonl")
LINES = LINES.replace("/date:", "/*/date:").replace("[/name, /amount]", "[/*/name, /*/amount]")
LINES = LINES.replace("[/amount]", "[/*/amount]").replace("{/amount: {}}", "{/*/amount: {}}")
LINES = LINES.replace("{/lines: {max: 2}}", "{'': {max: 2}}").replace("schema.json", "rows.json")
ROWS_SCHEMA = {"type": "array", "items": PAYMENT_SCHEMA}
BEN = GOOD.replace("Ada", "Ben")
JSON_LINES = {
    "good": (f"{GOOD}\n{BEN}\n", {}),
    "chatter": (f"Here:\n{GOOD}\n{BEN}\nBye", {
        **every("text_before", "jsonl_validity", "no_extra_text"),
    }),
    "commas": (f"{GOOD},\n{BEN}", every("syntax", "jsonl_validity", *VALUE)),
    "list": (f"[\n{GOOD},\n{BEN}\n]", every("syntax", "jsonl_validity", *VALUE)),
    "blank": (f"{GOOD}\n\n{BEN}", {"jsonl_validity": "blank_line"}),
    "brackets": (f"{GOOD}\n{BEN}}}}}}}}}}}", every(
        "bracket_loop", "jsonl_validity", "bracket_repetition", *VALUE
    )),
    "twice": (f"{GOOD}\n{BEN}".replace("{", '{"name": "Ada", ', 1), {
        "duplicate_keys": "duplicate_key"
    }),
    "string": (f"{GOOD}\n{BEN}".replace("47.2", '"47.2"'), {
        **every("number_as_string", "schema_types", "types"),
        **every("wrong_value", "exact_fields", "leaf_values"),
    }),
    "many": (f"{GOOD}\n{BEN}\n{GOOD}", {
        "item_counts": "schema_other", "exact_fields": "wrong_value",
    }),
    "cut": (Completion(f"{GOOD}\n{GOOD[:20]}", FinishReason.LENGTH), {
        **every("truncated", "jsonl_validity", "stops_cleanly", *VALUE),
    }),
    "prose": ("no idea", every("no_json", "jsonl_validity", "no_extra_text", *VALUE)),
}  # fmt: skip
TABLE = LINES.replace("format: jsonl", "format: csv") + "  delimiter: ;\n"
GOOD_TABLE = 'name;date;amount\nAda;2024-02-29;47.20\n"Ben";2024-02-29;47.2\n'
CSV_TABLES = {
    "good": (GOOD_TABLE, {}),
    "fence": (f"```csv\n{GOOD_TABLE}```", {
        **every("markdown_fence", "csv_validity", "no_extra_text"),
    }),
    "short": (GOOD_TABLE.replace(";47.2\n", "\n"), {
        **every("cell_count", "csv_validity", *NOTE_VALUE),
    }),
    "quote": (GOOD_TABLE.replace('"Ben', "Ben"), every("syntax", "csv_validity", *NOTE_VALUE)),
    "open": (Completion(GOOD_TABLE.replace('Ben"', "Ben"), FinishReason.LENGTH), {
        **every("truncated", "csv_validity", "stops_cleanly", *NOTE_VALUE),
    }),
    "blank": (GOOD_TABLE.replace("\nAda", "\n\nAda"), {"csv_validity": "blank_line"}),
    "words": (GOOD_TABLE.replace("47.20", "47,20"), {
        **every("number_as_string", "schema_types", "types"),
        **every("wrong_value", "exact_fields", "leaf_values"),
    }),
    "column": (GOOD_TABLE.replace("amount", "sum"), {
        **every("missing_key", "required_keys", "exact_fields", "leaf_values", "grounding"),
        "schema_types": "missing_key",
    }),
    "prose": ("no idea", every("no_csv", "csv_validity", "no_extra_text", *NOTE_VALUE)),
}  # fmt: skip

CALLING = f"""\
description: Call a tool.
prompt: "{{text}}"
output:
  format: tool_calls
  tools: {json.dumps(TOOLS)}
  tool_form: hermes
  calls: 1
  call_order: fixed
  free_arguments: [/note]
  strict_arguments: true
"""
ULM = {"name": "get_weather", "arguments": {"city": "Ulm", "days": 3}}
GOOD_CALL = f"<tool_call>{json.dumps(ULM)}</tool_call>"
CALL = ("tool_call", "tool_name", "tool_arguments", "exact_calls")
CALLS = {
    "good": (GOOD_CALL, {}),
    "noted": (GOOD_CALL.replace("}}", ', "note": "Thursday on"}}'), {}),
    "prose": ("I would call get_weather.", every("no_call", *CALL)),
    "chatter": (f"Sure! {GOOD_CALL}", {"tool_call": "text_before"}),
    "open": (GOOD_CALL.removesuffix("</tool_call>"), every("unclosed", *CALL)),
    "twice": (GOOD_CALL * 2, every("call_count", "tool_call", "exact_calls")),
    "other": (GOOD_CALL.replace("get_", "read_"), {
        **every("unknown_tool", "tool_name", "tool_arguments"), "exact_calls": "wrong_value",
    }),
    "string": (GOOD_CALL.replace("3", '"3"'), {
        "tool_arguments": "number_as_string", "exact_calls": "wrong_value",
    }),
    "extra": (GOOD_CALL.replace("}}", ', "why": 1}}'), every(
        "unexpected_key", "tool_arguments", "exact_calls"
    )),
    "wrong": (GOOD_CALL.replace("Ulm", "Bonn"), {"exact_calls": "wrong_value"}),
}  # fmt: skip

TABLES = {"payment": PAYMENTS, "letter": LETTERS, "code": CODES, "note": NOTES, "calling": CALLS}
TABLES |= {"lines": JSON_LINES, "table": CSV_TABLES}
TASKS = {"payment": PAYMENT, "letter": LETTER, "code": CODE, "note": NOTE, "calling": CALLING}
TASKS |= {"lines": LINES, "table": TABLE}
VARIABLES = {
    "note": {"text": "Ada paid 47.20 in 2024, on 2024-02-29."},
    "payment": {"text": "Ada paid 47.20 in 2024, on 2024-02-29."},
    "lines": {"text": "Ada and Ben paid 47.20 each in 2024, on 2024-02-29."},
    "table": {"text": "Ada and Ben paid 47.20 each in 2024, on 2024-02-29."},
    "letter": {"text": "Mercer Bank, account 2558-1351", "account": "2558-1351"},
    "code": {"text": "add two numbers", "function": "add"},
    "calling": {"text": "Weather in Ulm for 3 days?"},
}
BEHAVIORS = {
    "payment": {"json_validity", "no_extra_text", "bracket_repetition", "repetition"}
    | {"stops_cleanly", *VALUE},
    "letter": {"no_extra_text", "sections", "quotes", "grounding", "expected", "forbidden", "words"}
    | {"repetition", "stops_cleanly"},
    "code": {"no_extra_text", "python_parses", "python_function", "repetition", "stops_cleanly"},
    "note": {"yaml_validity", "no_extra_text", "repetition", "stops_cleanly", *NOTE_VALUE},
    "lines": {"jsonl_validity", "no_extra_text", "bracket_repetition", "repetition"}
    | {"stops_cleanly", *VALUE},
    "table": {"csv_validity", "no_extra_text", "repetition", "stops_cleanly", *NOTE_VALUE},
    "calling": {"repetition", "stops_cleanly", *CALL},
}
PAIR = [json.loads(GOOD), json.loads(BEN)]
REFERENCES = {"payment": json.loads(GOOD), "note": json.loads(GOOD), "calling": ULM}
REFERENCES |= {"lines": PAIR, "table": PAIR}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The project after one session over the tasks, each with its own stored model."""
    project = Project(tmp_path_factory.mktemp("suites"))
    for name in sorted(p.name for p in (ROOT / "suites").glob("test_*.py")):
        project.bundled_suite(name)
    models = []
    for task, table in TABLES.items():
        given = {"variables": VARIABLES[task], "reference": REFERENCES.get(task)}
        cases = [{"id": c, **given} for c in table]
        project.write(f"tasks/{task}/task.yaml", TASKS[task])
        project.write(f"tasks/{task}/schema.json", json.dumps(PAYMENT_SCHEMA))
        project.write(f"tasks/{task}/rows.json", json.dumps(ROWS_SCHEMA))
        project.write(f"tasks/{task}/cases.jsonl", "".join(json.dumps(c) + "\n" for c in cases))
        ref = project.store({name: answer for name, (answer, _) in table.items()}, task, task)
        models.append(f'{{ref = "{ref}", tasks = ["{task}"]}}')
    settings = f'[tool.harness]\ntasks_dir = "tasks"\nmodels = [{", ".join(models)}]\n'
    project.write("pyproject.toml", settings)
    project.outcome = project.pytest("suites", "-rs")
    return project


@pytest.fixture(scope="module")
def run(judged):
    return judged.run()


every_completion = pytest.mark.parametrize(
    ("task", "case"), [(task, case) for task, table in TABLES.items() for case in table]
)


@every_completion
def test_a_completion_fails_what_it_breaks_and_nothing_else(run, task, case):
    (sample,) = [s for s in run.samples if (s.task, s.case_id) == (task, case)]
    assert set(sample.verdicts) == BEHAVIORS[task]
    failed = {n: str(v.code) for n, v in sample.verdicts.items() if v.outcome != "passed"}
    assert failed == TABLES[task][case][1]


@every_completion
def test_judging_a_line_says_what_the_suites_say(judged, run, task, case):
    (sample,) = [s for s in run.samples if (s.task, s.case_id) == (task, case)]
    line = line_of(sample)
    assert dict(judge_for_task(line, load_task(judged.root / "tasks" / task))) == sample.verdicts


@pytest.mark.parametrize("case", PAYMENTS)
def test_a_line_with_the_declarations_in_it_says_the_same(run, case):
    (sample,) = [s for s in run.samples if (s.task, s.case_id) == ("payment", case)]
    line = line_of(
        sample,
        prompt=VARIABLES["payment"]["text"],
        schema=PAYMENT_SCHEMA,
        timestamps={"/date": "date"},
        grounded=["/name", "/amount"],
        exact=["/amount"],
        leaf_values=True,
        items={"/lines": {"max": 2}},
        reference=json.loads(GOOD),
    )
    assert dict(judge_line(line)) == sample.verdicts


def line_of(sample, **declared):
    """What ``harness judge`` is given of an answer."""
    completion = sample.completion
    keys = {"id": sample.case_id, "completion": completion.text, **declared}
    line = {**keys, "finish_reason": completion.finish_reason.value}
    return JudgingLine.parse(json.dumps(line).encode())


@pytest.mark.parametrize("task", TASKS)
def test_the_tasks_declare_one_of_everything(judged, task):
    output = load_task(judged.root / "tasks" / task).output
    assert all(getattr(output, name) for name in Output.parts_of(output.format).values())


def test_every_suite_was_judged_and_every_check_has_a_behavior(run):
    named = {r.behavior for r in run.results}
    assert named == set().union(*BEHAVIORS.values()) | {"variety", "repair_lift"}
    measured = {"latency_budget", "memory_budget", "same_tokens", "same_first_token"}
    assert named | measured == set(listing())


def test_repair_lift_puts_both_rates_into_the_record(judged, run):
    """Of 15 answers ten are JSON as they came, and all but the prose after repair."""
    (lift,) = [r for r in run.results if r.behavior == "repair_lift"]
    assert lift.measured == {"after_repair_rate": 14 / 15, "raw_rate": 10 / 15}
    assert (lift.passed, lift.met, lift.budget) == (1, True, 0.8)
    assert "93.3%" in judged.outcome.out
    assert ">= 80%" in judged.outcome.out


def test_variety_fails_where_one_value_takes_over(judged, run):
    (variety,) = [r for r in run.results if r.behavior == "variety"]
    assert (variety.failed, variety.met) == (1, False)
    assert 'the value "Ada" of /name is in 80% of 15 completions' in variety.reason
    assert "at most 50% are expected" in judged.outcome.out


def test_run_behaviors_hold_back_where_there_is_nothing_to_say(judged):
    """Nine cases are too few for variety; a budget that repair misses fails."""
    answers = dict.fromkeys(PAYMENTS, "no idea")
    model = judged.store(answers, "speechless", "payment")
    arguments = ("suites/test_variety.py", "suites/test_repair_lift.py", "--model", model)
    outcome = judged.pytest(*arguments, "--task", "payment", "--limit", "9")
    assert outcome.counts() == {"failed": 1, "deselected": 1}
    reason = "0.0% of 9 completions are JSON after repair (0.0% without), the budget is 80.0%"
    assert reason in outcome.out


@pytest.mark.parametrize("name", ["json_extraction", "fan_timeline", "credit_dispute"])
def test_bundled_tasks_require_behaviors_that_apply(name):
    task: Task = load_task(Path(ROOT / "fixtures/tasks" / name))
    applying = {n for n, check in checks_of(task).items() if not isinstance(check, Skip)}
    assert set(task.required) <= applying
