"""``--parity`` as a user meets it: without models, over stored runs."""

import pytest

from tests.project import Project


@pytest.fixture
def project(tmp_path):
    found = Project(tmp_path)
    found.bundled_suite("test_parity.py")
    found.bundled_suite("test_json_validity.py")
    return found


def test_without_the_option_nothing_is_held(project):
    one, two = project.store(run="one"), project.store(run="two")
    done = project.pytest("suites", "--model", one, "--model", two, "-v")
    assert done.code == 0
    assert done.counts() == {"passed": 2, "deselected": 2}


def test_each_model_but_the_first_is_held_against_the_one_before_it(project):
    one, two = project.store(run="one"), project.store(run="two")
    done = project.pytest("suites", "--parity", "--model", one, "--model", two)
    assert done.code == 1
    assert done.counts() == {"passed": 2, "errors": 2}
    assert f"test_same_tokens[echo-{two}]" in done.out
    assert f"test_same_tokens[echo-{one}]" not in done.out
    # A stored run has answers and no tokenizer: that is said, and nothing is guessed.
    assert f"{one}: --model {one}: a stored run has no tokenizer, name the model itself" in done.out


def test_reading_alone_asks_for_no_answer(project):
    one, two = project.store(run="one"), project.store(run="two")
    arguments = ("--parity", "--model", one, "--model", two, "-k", "same_tokens")
    assert project.pytest("suites", *arguments).code == 1
    assert project.runs() == []


def test_one_model_has_nothing_before_it(project):
    done = project.pytest("suites", "--parity", "--model", project.store())
    assert done.code == 4
    assert "--parity: needs two models, name the one before with --model" in done.err
