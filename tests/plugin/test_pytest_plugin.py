"""The plugin as its users meet it: pytest run in a project of its own."""

import pytest

from tests.models import ROOT
from tests.project import FENCED, GOOD, WORDS, Project, json_project

SHOUTS = """
def test_is_short(completion):
    assert len(completion.text) < 9, "longer than 8 characters"
"""


@pytest.fixture
def project(tmp_path):
    return json_project(tmp_path)


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
    good = project.pytest("suites", "--model", one)
    assert good.counts() == {"passed": 2}
    assert "PASS: all 2 budgets are met\nnext: harness baseline save main 20" in good.out
    outcome = project.pytest("suites", "--model", two)
    assert outcome.code == 1
    assert outcome.counts() == {"failed": 2}


def test_a_failure_shows_rate_interval_causes_and_an_example_of_each_with_a_caret(project):
    answers = dict(
        zip(WORDS, [GOOD + "!!!", GOOD + " ok", FENCED, GOOD + "\x1b[31m bye bye"], strict=True)
    )
    outcome = project.pytest("suites/test_no_extra_text.py", "--model", project.store(answers))
    shown = outcome.out
    assert "no_extra_text: 0 of 4 completions pass, 0.0% (95% interval 0.0% to 60.2%)" in shown
    assert "the budget is 75.0%" in shown
    assert "  4 fail: 3 end with chatter, 1 begins with ```json\n" in shown
    assert shown.index("case ant: text_after: ") < shown.index("case cat: markdown_fence: ")
    assert "case bee" not in shown
    assert "case dog" not in shown
    end = shown[shown.index("short test summary info") :]
    assert "- verdict -" in end
    assert "FAIL: 1 of 1 budget is missed\nmissed: no_extra_text\n" in end
    assert f"  4 fail:\n    3 end with chatter{5 * ' '}ant  " in end
    assert end.splitlines()[-2].startswith("next: harness report 20")
    lines = shown.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip().startswith("|") and "^" in line)
    assert lines[caret][lines[caret - 1].index("!!!")] == "^"
    assert "\x1b[31m" not in shown


def test_several_models_and_tasks_are_an_item_each(project):
    project.task("other")
    models = ROOT / "fixtures/models"
    good, bad = f"base:{models / 'tiny-qwen2'}", f"adapter:{models / 'tiny-qwen2-adapter'}"
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


# A session that has no behavior


def test_a_session_without_behaviors_is_untouched(tmp_path):
    project = Project(tmp_path)
    project.write(
        "test_plain.py",
        """
import sys

def test_plain():
    ours = {m for m in sys.modules if m.startswith(("harness", "trainers"))}
    features = "ab_noise distributed gate generate hookspecs items logprobs options parity per_case"
    features += " plan_out option_names ray_engine shards"
    plugins = {f"harness.plugin.{name}" for name in features.split()}
    assert ours == {"harness", "harness.pytest_plugin", "harness.plugin"} | plugins
    assert not {"torch", "yaml", "pydantic", "rich.progress", "jsonschema"} & set(sys.modules)
""",
    )
    outcome = project.pytest("test_plain.py", "-p", "no:cacheprovider", is_forked=False)
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
