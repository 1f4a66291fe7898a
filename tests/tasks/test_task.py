"""A task's folder into a Task, or into every mistake that is in it."""

import json

import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.plan import Sampling
from harness.tasks.task import find_tasks, load_task, render_prompt

TASK = """\
description: Echo.
system: Be brief.
prompt: "Say {text} as {\\"said\\": ...}"
output:
  format: json
  schema: schema.json
  timestamps: {/at: date}
  grounded: [/said]
sampling: {max_new_tokens: 8}
budgets: {json_validity: 0.9, latency_p95_seconds: 1}
"""
SCHEMA = {"type": "object", "required": ["said"]}
CASES = [{"id": "a", "variables": {"text": "x"}, "reference": {"said": "x"}, "tags": ["t"]}]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "echo"
    folder.mkdir()
    write(folder)
    return folder


def write(folder, task=TASK, cases=CASES, schema=SCHEMA):
    (folder / "task.yaml").write_text(task, "utf-8")
    (folder / "cases.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cases), "utf-8")
    (folder / "schema.json").write_text(json.dumps(schema), "utf-8")


def mistakes(folder) -> list[str]:
    with pytest.raises(HarnessError) as error:
        load_task(folder)
    return [line.replace(f"{folder}/", "") for line in str(error.value).splitlines()]


def test_a_task_is_its_folder(folder):
    task = load_task(folder)
    assert task.name == "echo"
    assert task.case("a").messages == (
        Message("system", "Be brief."),
        Message("user", 'Say x as {"said": ...}'),
    )
    assert task.case("a").prompt == 'Say x as {"said": ...}'
    assert task.sampling == Sampling(max_new_tokens=8)
    declared = {
        "json",
        "json_text",
        "schema",
        "timestamps",
        "grounded",
        "latency",
        "edges",
        "reference",
    }
    assert task.declares == declared


def test_by_default_every_budgeted_rate_counts_into_format_success(folder):
    assert load_task(folder).required == ("json_validity",)
    write(folder, TASK + "required: [no_extra_text]\n")
    assert load_task(folder).required == ("no_extra_text",)


def test_a_case_may_bring_its_own_messages(folder):
    turns = [
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "3"},
    ]
    write(folder, cases=[{"id": "a", "messages": turns}])
    assert load_task(folder).case("a").prompt == "1\n3"


def test_mistakes_of_every_file_are_reported_together(folder):
    task = TASK.replace("json_validity: 0.9", "json_validity: 90").replace(
        "description", "descripton"
    )
    cases = [{"id": "a"}, {"id": "b", "variables": {"text": "x"}, "tag": ["t"]}]
    write(folder, task, cases)
    assert mistakes(folder) == [
        "task.yaml:1: description: is missing, add it",
        "task.yaml:10: budgets: json_validity is a least pass rate from 0 to 1, not 90.0",
        "task.yaml:1: descripton: unknown key, did you mean 'description'?",
        "cases.jsonl:2: tag: unknown key, did you mean 'tags'?",
    ]


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        ("{kind: date, earlest: x}", ".earlest: unknown key, did you mean 'earliest'?"),
        ("{kind: date, latest: x}", ": 'x' is no date: expected a day as YYYY-MM-DD, or an"),
        ("{kind: game_clock, period_minutes: 0}", ".period_minutes: input should be greater"),
        ("day", ".kind: input should be 'date', 'datetime', 'time', 'duration', 'unix' or 'gam"),
        ("unix", ": unix needs earliest and latest: any number is some moment"),
        ("{kind: date, sport: nba}", ": sport is no setting of date"),
        ("{kind: game_clock, sport: football, periods: 3}", ": periods is no setting of foo"),
        ("{kind: game_clock, overtimes: 10}", ".overtimes: input should be less than or equal"),
    ],
)
def test_a_mistake_in_a_kind_of_time_has_its_line(folder, rule, mistake):
    write(folder, TASK.replace("/at: date", f"/at: {rule}"))
    (found,) = mistakes(folder)
    assert found.startswith(f"task.yaml:7: output.timestamps./at{mistake}")


def test_a_pointer_begins_with_a_slash(folder):
    write(folder, TASK.replace("[/said]", "[said]"))
    assert mistakes(folder) == [
        "task.yaml:8: output.grounded.0: 'said' is no JSON pointer: it begins with /"
    ]


def test_a_mark_of_reasoning_does_not_open_and_close(folder):
    write(folder, TASK.replace("output:\n", 'output:\n  reasoning: [["a", "a"]]\n'))
    (found,) = mistakes(folder)
    assert found.startswith("task.yaml:")
    assert found.endswith(
        "output.reasoning: 'a' opens and closes reasoning, the two marks must differ"
    )


def test_three_mistakes_in_the_cases(folder):
    text = {"text": "x"}
    write(
        folder, cases=[{"id": "a", "variables": text}, {"id": "a", "variables": text}, {"id": "b"}]
    )
    lines = (folder / "cases.jsonl").read_text("utf-8")
    (folder / "cases.jsonl").write_text(lines + '{"id": "c"\n', "utf-8")
    assert mistakes(folder) == [
        "cases.jsonl:2: the id 'a' is also that of line 1, ids are unique",
        "cases.jsonl:3: variables: the prompt asks for {text}, add it (there are: none)",
        "cases.jsonl:4: the file: invalid JSON: EOF while parsing an object at line 1 column 10, "
        'found \'{"id": "c"\'',
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_a_record_could_not_hold_is_refused_before_any_model_runs(folder, number):
    line = f'{{"id": "a", "variables": {{"text": "x"}}, "reference": {{"of": [{number}]}}}}'
    (folder / "cases.jsonl").write_text(line, "utf-8")
    assert mistakes(folder) == [
        "cases.jsonl:1: reference: NaN and Infinity are no JSON, write null or a number"
    ]


def test_of_many_mistakes_the_first_twenty_are_written_out(folder):
    write(folder, cases=[{"id": ""}] * 30)
    found = mistakes(folder)
    assert len(found) == 21
    assert found[-1] == "cases.jsonl: and 10 more mistakes"


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_no_cases_is_a_mistake(folder, text):
    (folder / "cases.jsonl").write_text(text)
    assert mistakes(folder) == ["cases.jsonl: holds no case, write at least one"]


def test_a_schema_that_does_not_compile_is_a_mistake_of_the_task(folder):
    write(folder, schema={"type": "objekt"})
    (found,) = mistakes(folder)
    assert found.startswith("schema.json:1: not a JSON Schema: ")
    assert "objekt" in found


def test_a_missing_or_broken_schema_file(folder):
    (folder / "schema.json").write_text("{")
    assert mistakes(folder)[0].startswith("schema.json:1: not valid JSON")
    (folder / "schema.json").write_text('{"minimum":\nNaN}')
    assert "not valid JSON: NaN is no JSON number" in mistakes(folder)[0]
    (folder / "schema.json").write_text("[" * 100_000)
    assert mistakes(folder)[0] == "schema.json:1: not valid JSON: JSON nested too deep"
    (folder / "schema.json").unlink()
    assert "schema.json is not there" in mistakes(folder)[0]


def test_a_text_task_cannot_declare_what_only_json_has(folder):
    write(folder, TASK.replace("format: json", "format: text"))
    assert mistakes(folder) == [
        "task.yaml:4: output: schema needs format: json, not text",
    ]


@pytest.mark.parametrize("budget", ["latency_p99_seconds: 1", "peak_memory_mb: 0", "peak_mb: 3"])
def test_a_limit_that_nothing_holds_is_refused(folder, budget):
    write(folder, TASK.replace("latency_p95_seconds: 1", budget))
    assert len(mistakes(folder)) == 1


def test_numbers_that_were_measured_elsewhere_are_stated_in_the_record(folder):
    stated = (
        "stated: {by: the owner, numbers: {json_validity: 0.987, latency_mean_seconds: 20.1}}\n"
    )
    write(folder, TASK + stated)
    record = load_task(folder).record(1)
    assert record.stated == {"json_validity": 0.987, "latency_mean_seconds": 20.1}
    assert record.stated_by == "the owner"


@pytest.mark.parametrize(
    "stated", ["{}", "{by: x, numbers: {}}", "{by: x, numbers: {json_validity: 98.7}}"]
)
def test_a_stated_number_has_an_owner_and_a_range(folder, stated):
    write(folder, TASK + f"stated: {stated}\n")
    assert mistakes(folder)


def test_braces_that_name_no_variable_stay():
    assert render_prompt('{"a": {text}}', {"text": "x"}) == '{"a": x}'
    assert render_prompt("{n}", {"n": [1, "ü"]}) == '[1, "ü"]'


def test_a_value_is_not_rendered_again():
    assert render_prompt("{a}", {"a": "{b}", "b": "x"}) == "{b}"


def test_tasks_are_found_by_name(folder):
    assert [t.name for t in find_tasks(folder.parent)] == ["echo"]
    with pytest.raises(HarnessError, match=r"--task ecco: no such task .* did you mean 'echo'\?"):
        find_tasks(folder.parent, ("ecco",))


def test_a_folder_without_tasks(tmp_path):
    with pytest.raises(HarnessError, match="holds no task"):
        find_tasks(tmp_path)
    with pytest.raises(HarnessError, match="no such folder"):
        find_tasks(tmp_path / "none")


@pytest.mark.parametrize(
    "sampling",
    ["temperature: .inf", "temperature: .nan", "repetition_penalty: .inf",
     "max_new_tokens: 99999999999999999999", "top_k: 4294967296", "seed: 18446744073709551616"],
)  # fmt: skip
def test_sampling_that_no_backend_or_record_could_hold_is_refused(folder, sampling):
    kept = "".join(line for line in TASK.splitlines(True) if not line.startswith("sampling"))
    write(folder, f"{kept}sampling: {{{sampling}}}\n")
    (mistake,) = mistakes(folder)
    assert f"sampling.{sampling.partition(':')[0]}: " in mistake
