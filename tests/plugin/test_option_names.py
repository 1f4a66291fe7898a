"""Options beside those of other plugins: the names that the plugin's options have in a session."""

import re
from argparse import ArgumentTypeError

import pytest
from _pytest.config.argparsing import Parser

from harness import pytest_plugin
from tests.project import json_project

CLASHING = """
def pytest_addoption(parser):
    parser.addoption("--model", default="mine")
    parser.addoption("--limit", type=int, default=4)
"""


def slow(*arguments):
    return [pytest.param(one, marks=pytest.mark.slow) for one in arguments]


@pytest.fixture
def project(tmp_path):
    return json_project(tmp_path)


@pytest.fixture
def clashing(project):
    (project.root / "conftest.py").write_text(CLASHING)
    return project


def test_a_conftest_keeps_its_own_options_and_ours_have_their_prefix(clashing):
    (clashing.root / "test_theirs.py").write_text(
        "def test_theirs(request):\n"
        "    assert request.config.getoption('--model') == 'theirs'\n"
        "    assert request.config.option.limit == 7\n"
        "    assert request.config.getoption('--harness-limit') == 2\n"
    )
    outcome = clashing.pytest(
        *("suites", "test_theirs.py", "--harness-model", clashing.store(), "--harness-limit=2"),
        *("--model", "theirs", "--limit", "7"),
    )
    assert outcome.code == 0, outcome.out
    assert "--harness-model, --harness-limit" in outcome.out
    assert {r.passed for r in clashing.run().results} == {2}


@pytest.mark.slow
def test_a_session_without_behaviors_says_nothing_of_names(clashing):
    (clashing.root / "test_theirs.py").write_text("def test_theirs(): pass\n")
    outcome = clashing.pytest("test_theirs.py", "--model", "theirs")
    assert outcome.code == 0, outcome.out
    assert "--harness-" not in outcome.out


@pytest.mark.slow
def test_a_message_has_the_names_of_the_session(clashing):
    outcome = clashing.pytest("suites")
    assert outcome.code == 4
    assert "no model: say --harness-model kind:location" in outcome.err


@pytest.mark.slow
def test_a_plugin_of_the_environment_keeps_its_option(project):
    (project.root / "theirs.py").write_text(CLASHING)
    outcome = project.pytest("-p", "theirs", "suites", "--harness-model", project.store())
    assert outcome.code == 0, outcome.out


@pytest.mark.slow
def test_the_value_of_a_short_name_is_no_path_to_look_for_a_conftest_in(project):
    elsewhere = project.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "conftest.py").write_text("raise RuntimeError('read')\n")
    outcome = project.pytest("suites", "--report-dir", "elsewhere", "--model", project.store())
    assert outcome.code == 0, outcome.out


def test_a_mistake_in_a_short_option_names_it_as_it_was_written(project):
    outcome = project.pytest("suites", "--limit", "many", "--model", project.store())
    assert outcome.code == 4
    assert "argument --limit: 'many' is not a whole number" in outcome.err


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("--stall-seconds", ("0", "-1", "nan", "inf", "soon")),
        ("--temperature", ("-0.1", "nan", "inf", "hot")),
        ("--limit", ("0", "-1", "1.5", "\u00b2", "many")),
    ],
)
def test_a_number_of_no_meaning_is_refused_and_stands_for_no_default(name, wrong):
    read = pytest_plugin.added_options(Parser(_ispytest=True)).attributes[name]["type"]
    for text in wrong:
        with pytest.raises(ArgumentTypeError, match=re.escape(repr(text))):
            read(text)
    assert read("3") == 3


def test_the_help_has_a_section_of_the_harness(project):
    shown = project.pytest("--help").out
    section = shown[shown.index("\nharness:") :]
    assert "--harness-model=KIND:LOCATION" in section or "--harness-model KIND" in section
    assert "where no other plugin has that" in " ".join(section.split())


# Without a model


@pytest.fixture
def own_tests(project):
    (project.root / "tests").mkdir()
    (project.root / "tests/test_own.py").write_text("def test_own(): pass\n")
    return project


@pytest.mark.parametrize("arguments", [(), *slow((".",), ("--collect-only", "suites"))])
def test_a_project_without_a_model_runs_its_own_tests(own_tests, arguments):
    outcome = own_tests.pytest("-rs", *arguments)
    assert outcome.code == 0, outcome.out
    if "--collect-only" in arguments:
        assert "test_json_validity[no-model]" in outcome.out
    else:
        assert outcome.counts() == {"passed": 1, "skipped": 2}
        assert "no model: say --model kind:location" in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [("suites",), *slow(("tests", "suites/test_json_validity.py"), ("--baseline", "main"))],
)
def test_behaviors_that_were_asked_for_need_a_model(own_tests, arguments):
    outcome = own_tests.pytest(*arguments)
    assert outcome.code == 4
    assert "ERROR: " in outcome.err
    assert "no tests ran" in outcome.out


@pytest.mark.slow
def test_a_models_path_in_the_settings_is_the_projects(project):
    settings = project.root / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}models = ["{project.store()}"]\n')
    (project.root / "below").mkdir()
    outcome = project.pytest("../suites", folder="below")
    assert outcome.code == 0, outcome.out


def test_a_path_may_begin_with_the_home_folder(project):
    model = project.store()
    (project.root / "home").mkdir()
    named = ["--report-dir=~/runs", "--tasks-dir=~/none"]
    outcome = project.pytest("suites", "--model", model, *named, HOME=str(project.root / "home"))
    assert outcome.code == 4
    assert "--tasks-dir home/none: no such folder" in outcome.err
