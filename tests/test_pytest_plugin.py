"""The plugin as its users meet it: pytest run in a project of its own."""

import json
import xml.etree.ElementTree as ET

import pytest

from tests.project import GOOD, WORDS, Project

FENCED = f"```json\n{GOOD}\n```"
SHOUTS = """
def test_is_short(completion):
    assert len(completion.text) < 9, "longer than 8 characters"
"""


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    project.bundled_suite("test_no_extra_text.py")
    return project


# One item per behavior, task and model


def test_a_model_that_behaves_passes(project):
    outcome = project.pytest("suites", "--model", project.store())
    assert outcome.code == 0, outcome.out
    assert outcome.counts() == {"passed": 2}
    run = project.run()
    assert run.status == "complete"
    assert {(r.behavior, r.passed, r.rate, r.met) for r in run.results} == {
        ("format_success_rate", 4, 1.0, None),
        ("json_validity", 4, 1.0, True),
        ("no_extra_text", 4, 1.0, True),
    }


def test_a_rate_is_judged_against_the_tasks_budget(project):
    """Three of four is the budget, so one bad answer is allowed and two are not."""
    one = project.store({**dict.fromkeys(WORDS, GOOD), "ant": FENCED}, "one")
    two = project.store({**dict.fromkeys(WORDS, GOOD), "ant": FENCED, "bee": FENCED}, "two")
    assert project.pytest("suites", "--model", one).counts() == {"passed": 2}
    outcome = project.pytest("suites", "--model", two)
    assert outcome.code == 1
    assert outcome.counts() == {"failed": 2}


def test_a_failure_shows_rate_interval_codes_and_the_shortest_examples_with_a_caret(project):
    answers = dict(
        zip(WORDS, [GOOD + "!!!", GOOD + " ok", FENCED, GOOD + "\x1b[31m bye bye"], strict=True)
    )
    outcome = project.pytest("suites/test_no_extra_text.py", "--model", project.store(answers))
    shown = outcome.out
    assert "no_extra_text: 0 of 4 completions pass, 0.0% (95% interval 0.0% to 49.0%)" in shown
    assert "the budget is 75.0%" in shown
    assert "codes: text_after 3, markdown_fence 1" in shown
    assert "the 3 shortest of 4 failing completions" in shown
    assert shown.index("case ant") < shown.index("case bee") < shown.index("case cat")
    assert "case dog" not in shown
    lines = shown.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip().startswith("|") and "^" in line)
    assert lines[caret][lines[caret - 1].index("!!!")] == "^"
    assert "\x1b[31m" not in shown


def test_several_models_and_tasks_are_an_item_each(project):
    project.task("other")
    good, bad = project.store(run="good"), project.store(FENCED, "bad")
    outcome = project.pytest("suites", "--collect-only", "-q", "--model", good, "--model", bad)
    assert outcome.out.splitlines()[:4] == [
        f"suites/test_json_validity.py::test_json_validity[echo-{good}]",
        f"suites/test_json_validity.py::test_json_validity[other-{good}]",
        f"suites/test_json_validity.py::test_json_validity[echo-{bad}]",
        f"suites/test_json_validity.py::test_json_validity[other-{bad}]",
    ]
    assert not (project.root / "reports").exists()


def test_a_behavior_applies_where_the_task_declares_what_it_needs(project):
    project.task("prose", 'description: x\nprompt: "{word}"\noutput: {format: text}\n')
    outcome = project.pytest("suites", "--collect-only", "-q", "--model", project.store())
    assert "prose" not in outcome.out
    assert "2 tests collected" in outcome.out


# Behaviors of one's own


def test_a_bare_assert_is_a_behavior_and_its_message_the_reason(project):
    project.suite(SHOUTS)
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.code == 1
    assert "is_short: 0 of 4 completions pass" in outcome.out
    verdict = project.run().samples[0].verdicts["is_short"]
    assert (verdict.code, verdict.reason) == ("assertion", "longer than 8 characters")


def test_a_behavior_may_use_case_task_and_model_and_fixtures_of_the_project(project):
    project.suite("""
import pytest

@pytest.fixture
def least():
    return 1

@pytest.mark.behavior(needs=["json", "schema"], budget=1.0)
def test_word(completion, case, task, model, least, tmp_path):
    assert case.reference["word"] == completion.case_id
    assert task.name == "echo" and model.kind == "record" and least == 1
""")
    assert project.pytest("suites/test_own.py", "--model", project.store()).counts() == {
        "passed": 1
    }


def test_parameters_of_a_behavior_make_behaviors_of_their_own(project):
    project.suite("""
import pytest

@pytest.mark.parametrize("word", ["word", "bird"])
def test_mentions(completion, word):
    assert word in completion.text
""")
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.counts() == {"failed": 1, "passed": 1}
    assert {r.behavior: r.passed for r in project.run().results} == {
        "mentions[word]": 4,
        "mentions[bird]": 0,
    }


def test_a_skip_is_no_pass_and_no_failure(project):
    project.suite("""
import pytest

def test_ants(completion):
    if completion.case_id != "ant":
        pytest.skip("no ant")

def test_nothing(completion):
    pytest.skip("not today")
""")
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.counts() == {"passed": 1, "skipped": 1}
    found = {r.behavior: (r.passed, r.skipped, r.rate) for r in project.run().results}
    assert found == {"ants": (1, 3, 1.0), "nothing": (0, 4, None)}


def test_a_mistake_in_a_behavior_is_a_traceback_that_names_the_case(project):
    project.suite("def test_broken(completion):\n    completion.texd\n")
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.code == 1
    assert "AttributeError" in outcome.out
    assert "while judging case ant of record:stored/stored" in outcome.out


def test_a_property_of_the_whole_run(project):
    project.suite("""
def test_variety(completions, task):
    assert len({c.text for c in completions}) > 1, "always the same"
""")
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.counts() == {"failed": 1}
    assert "always the same" in outcome.out
    (result,) = project.run().results
    assert (result.behavior, result.failed, result.met) == ("variety", 1, False)


def test_a_check_of_a_run_may_pass_fail_skip_or_be_in_error(project):
    """What its evidence measured is kept in every case."""
    project.suite("""
from dataclasses import dataclass
import pytest
from harness import check_run
from harness.core.verdict import FailureCode, Verdict

@dataclass
class Count:
    measured: dict

class Says:
    def __init__(self, verdict):
        self.verdict = verdict
    def judge(self, evidence):
        return self.verdict

@pytest.fixture
def count(completions):
    return Count({"answers": len(completions)})

def test_a(count):
    check_run(Says(Verdict.passed()), count)
def test_b(count):
    check_run(Says(Verdict.failed(FailureCode.EMPTY, "too few")), count)
def test_c(count):
    check_run(Says(Verdict.skipped("nothing to say")), count)
def test_d(count):
    check_run(Says(Verdict.error(FailureCode.TASK_ERROR, "cannot say")), count)
""")
    outcome = project.pytest("suites/test_own.py", "--model", project.store(), "-rs")
    assert outcome.counts() == {"passed": 1, "failed": 2, "skipped": 1}
    assert "nothing to say" in outcome.out
    assert {
        r.behavior: (r.passed, r.failed, r.skipped, r.errors, r.met, r.reason)
        for r in project.run().results
    } == {
        "a": (1, 0, 0, 0, True, ""),
        "b": (0, 1, 0, 0, False, "too few"),
        "c": (0, 0, 1, 0, None, "nothing to say"),
        "d": (0, 0, 0, 1, False, "cannot say"),
    }
    assert all(r.measured == {"answers": 4} for r in project.run().results)


def test_one_name_is_one_behavior(project):
    project.suite(SHOUTS)
    project.suite(SHOUTS, "test_again.py")
    outcome = project.pytest("suites", "--model", project.store())
    assert outcome.code == 4
    assert "the behavior 'is_short' is also in" in outcome.err


# Choosing


def test_limit_case_and_task_choose(project):
    project.task("other")
    model = project.store()
    assert len(_samples(project, model, "--task", "echo", "--limit", "3")) == 3
    assert _samples(project, model, "--task", "echo", "--case", "bee") == ["bee"]
    assert all(run.tasks[0].selected for run in project.runs())


def _samples(project, model, *arguments):
    before = len(project.runs())
    outcome = project.pytest("suites", "--model", model, *arguments)
    assert outcome.code == 0, outcome.out + outcome.err
    return [s.case_id for s in project.runs()[before].samples]


def test_without_a_model_the_settings_models_are_run_and_said_so(project):
    project.write(
        "pyproject.toml",
        f'[tool.harness]\ntasks_dir = "tasks"\nmodels = ["{project.store()}"]\n',
    )
    outcome = project.pytest("suites")
    assert outcome.counts() == {"passed": 2}
    assert "No --model: the models of [tool.harness] were run: record:stored/stored" in outcome.out


def test_a_setting_may_keep_a_model_to_some_tasks(project):
    project.task("other")
    setting = f'models = [{{ref = "{project.store()}", tasks = ["echo"]}}]'
    project.write("pyproject.toml", f'[tool.harness]\ntasks_dir = "tasks"\n{setting}\n')
    assert project.pytest("suites").counts() == {"passed": 2}


def test_per_case_is_one_test_for_each_case(project):
    answers = {**dict.fromkeys(WORDS, GOOD), "bee": FENCED}
    model = project.store(answers)
    outcome = project.pytest("suites", "--per-case", "--model", model)
    assert outcome.counts() == {"failed": 2, "passed": 6}
    assert f"test_no_extra_text[echo-{model}-bee]" in outcome.out
    (rate,) = [r for r in project.run().results if r.behavior == "no_extra_text"]
    assert (rate.passed, rate.failed) == (3, 1)
    again = project.pytest("suites", "--per-case", "--model", model, "--lf")
    assert again.counts() == {"failed": 2}
    assert len(project.runs()[1].samples) == 1


def test_the_report_dir_is_where_the_record_goes(project):
    project.pytest("suites", "--model", project.store(), "--report-dir", "elsewhere")
    assert not (project.root / "reports").exists()
    assert len([*(project.root / "elsewhere").iterdir()]) == 1


# Like any pytest project


def test_keywords_select_behaviors_and_the_composite_needs_all_that_are_required(project):
    outcome = project.pytest("suites", "--model", project.store(), "-k", "json_validity")
    assert outcome.counts() == {"passed": 1, "deselected": 1}
    assert [r.behavior for r in project.run().results] == ["json_validity"]


def test_exitfirst_stops_and_the_record_is_partial(project):
    outcome = project.pytest("suites", "-x", "--model", project.store("no json"))
    assert outcome.counts() == {"failed": 1}
    assert project.run().status == "partial"


def test_last_failed_runs_what_failed(project):
    model = project.store(FENCED)
    project.pytest("suites", "--model", model, "-k", "no_extra_text")
    assert project.pytest("suites", "--model", model, "--lf").counts()["failed"] == 1


def test_junit_has_the_reason(project):
    project.pytest("suites", "--model", project.store(FENCED), "--junitxml", "junit.xml")
    root = ET.parse(project.root / "junit.xml").getroot()
    failure = root.find(".//testcase[@classname='suites.test_no_extra_text']/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("no_extra_text: 0 of 4 completions pass")


def test_an_xfail_is_an_xfail(project):
    project.suite("import pytest\n@pytest.mark.xfail(strict=True)\n" + SHOUTS.strip())
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.counts() == {"xfailed": 1}


def test_no_summary_leaves_out_the_table(project):
    outcome = project.pytest("suites", "--no-summary", "--model", project.store())
    assert "json_validity  " not in outcome.out
    assert outcome.counts() == {"passed": 2}


def test_quiet_is_quiet(project):
    outcome = project.pytest("suites", "-q", "--model", project.store())
    assert outcome.err == ""
    assert outcome.out.startswith("..")


# Errors of a model


def test_a_completion_that_is_missing_is_an_error_and_the_session_fails(project):
    some, whole = project.store({"ant": GOOD}, "some"), project.store(run="whole")
    outcome = project.pytest("suites", "--model", some, "--model", whole)
    assert outcome.code == 1
    assert outcome.counts() == {"failed": 2, "passed": 2}
    assert "cannot judge: 3 of 4 are errors" in outcome.out
    assert "the stored run has no completion for this case" in outcome.out
    results = {(r.model, r.behavior): r for r in project.run().results}
    assert results[some, "json_validity"].errors == 3
    assert results[some, "json_validity"].rate is None
    assert results[whole, "json_validity"].met is True


def test_another_prompt_or_decoding_is_not_replayed(project):
    model = project.store()
    outcome = project.pytest("suites", "--model", model, "--temperature", "0.5")
    assert "the stored run was decoded in another way" in outcome.out
    project.task(
        "echo", (project.root / "tasks/echo/task.yaml").read_text().replace("Echo {", "Say {")
    )
    outcome = project.pytest("suites", "--model", model)
    assert "answered another prompt" in outcome.out


def test_what_was_replayed_cannot_be_measured(project):
    task = (project.root / "tasks/echo/task.yaml").read_text()
    project.task(
        "echo",
        task
        + "  # limits\n"
        + task.splitlines()[-1]
        .replace("budgets", "required")
        .replace("{json_validity: 0.75, no_extra_text: 0.75}", "[json_validity]"),
    )
    project.write(
        "tasks/echo/task.yaml",
        task.replace("0.75}", "0.75, latency_p95_seconds: 1, peak_memory_mb: 1}"),
    )
    for name in ("test_latency_budget.py", "test_memory_budget.py"):
        project.bundled_suite(name)
    outcome = project.pytest("suites", "-rs", "--model", project.store())
    assert outcome.counts() == {"passed": 2, "skipped": 2}
    assert "a replayed run cannot be measured" in outcome.out


def test_a_missed_budget_of_the_composite_fails_the_session(project):
    text = (project.root / "tasks/echo/task.yaml").read_text()
    project.write("tasks/echo/task.yaml", text.replace("0.75}", "0.75, format_success_rate: 1.0}"))
    model = project.store({**dict.fromkeys(WORDS, GOOD), "ant": FENCED})
    outcome = project.pytest("suites", "--model", model)
    assert outcome.counts() == {"passed": 2}
    assert outcome.code == 1


# Mistakes of the user: one line, exit code 4, before any model


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "bse:x"], "--model bse:x: unknown kind 'bse', did you mean 'base'?"),
        (["--model", "vllm:x"], "--model vllm:x: unknown kind 'vllm', known kinds: adapter, base"),
        (["--model", "base"], "--model 'base': expected kind:location, such as base:path"),
        (["--model", "base:nowhere/at/all"], "nowhere/at/all is not there"),
        (["--model", "base:stored"], "stored is no model, it has no config.json"),
        (["--model", "base:half"], "half has no weights, expected model.safetensors"),
        (["--model", "base:pyproject.toml"], "is a file, name the folder that holds the model"),
        (["--model", "base:adapter"], "holds an adapter, say adapter:adapter"),
        (["--model", "adapter:half"], "holds a whole model, say base:half"),
        (["--model", "adapter:adapter"], "its base models/none is not there, add +base=FOLDER"),
        (["--model", "adapter:adapter+base=half"], "its base: half has no weights"),
        (["--model", "base:half+lora=x"], "unknown option +lora=, there are: none"),
        (["--model", "record:stored/non"], "run 'stored/non'"),
        (["--model", "record:stored/stored+model=base:x"], "the run has no model 'base:x'"),
        ([], "no model: say --model kind:location, or list models in [tool.harness]"),
        (["--task", "ecko"], "--task ecko: no such task in"),
        (["--tasks-dir", "stored"], "stored: holds no task"),
        (["--case", "emu"], "--case emu: no chosen task has such a case"),
        (["--report-dir", "pyproject.toml/runs"], "pyproject.toml is a file, name a folder with"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(project, arguments, said):
    model = project.store()
    project.write("half/config.json", "{}")
    project.write("adapter/adapter_config.json", '{"base_model_name_or_path": "models/none"}')
    project.write("adapter/adapter_model.safetensors", "")
    (project.root / "models").mkdir()
    if arguments and arguments[0] != "--model":
        arguments = ["--model", model, *arguments]
    outcome = project.pytest("suites", *arguments)
    assert outcome.code == 4, outcome.out
    (line,) = [ln for ln in outcome.err.splitlines() if ln.strip()]
    assert line.startswith("ERROR: ")
    assert said in line
    assert "Traceback" not in outcome.out
    assert not (project.root / "reports").exists()


def test_three_mistakes_in_a_task_are_three_lines(project):
    model = project.store()
    text = (project.root / "tasks/echo/task.yaml").read_text()
    project.write("tasks/echo/task.yaml", text.replace("description", "descripton"))
    with (project.root / "tasks/echo/cases.jsonl").open("a") as file:
        file.write(json.dumps({"id": "ant", "variables": {"word": "ant"}}) + "\n")
    project.write("tasks/echo/schema.json", '{"type": "objekt"}')
    outcome = project.pytest("suites", "--model", model)
    assert outcome.code == 4
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    assert all(line.startswith("ERROR: tasks/echo/") or "/tasks/echo/" in line for line in lines)
    text = "\n".join(lines)
    assert "task.yaml:1: description: is missing" in text
    assert "task.yaml:1: descripton: unknown key, did you mean 'description'?" in text
    assert "schema.json:1: not a JSON Schema 2020-12" in text
    assert "cases.jsonl:5: the id 'ant' is also that of line 1" in text


def test_settings_that_do_not_fit_are_one_line(project):
    project.write("pyproject.toml", '[tool.harness]\nmodel = ["base:x"]\n')
    outcome = project.pytest("suites", "--model", project.store())
    assert outcome.code == 4
    assert "[tool.harness] model: unknown key, did you mean 'models'?" in outcome.err


# A session that has no behavior


def test_a_session_without_behaviors_is_untouched(tmp_path):
    project = Project(tmp_path)
    project.write(
        "test_plain.py",
        """
import sys

def test_plain():
    ours = {m for m in sys.modules if m.startswith(("harness", "trainers"))}
    assert ours == {"harness", "harness.pytest_plugin"}
    assert not {"torch", "yaml", "pydantic", "rich.progress", "jsonschema"} & set(sys.modules)
""",
    )
    outcome = project.pytest("test_plain.py", "-p", "no:cacheprovider")
    assert outcome.code == 0, outcome.out
    ours = [line for line in outcome.out.splitlines() if "harness" in line]
    assert all(line.startswith(("plugins: ", "rootdir: ")) for line in ours)
    assert not (tmp_path / "reports").exists()


def test_fixtures_of_the_project_go_before_ours(tmp_path):
    project = Project(tmp_path)
    project.write(
        "test_plain.py",
        """
import pytest

@pytest.fixture
def model():
    return "mine"

def test_plain(model):
    assert model == "mine"
""",
    )
    assert project.pytest("test_plain.py").counts() == {"passed": 1}
