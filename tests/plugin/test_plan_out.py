"""``--plan-out`` and ``--answers``: a batch in place of a server."""

import json

import pytest

from tests.project import GOOD, TASK, Project


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    return project


def planned(project, *more):
    done = project.pytest("suites", "--model", "endpoint:#tiny", "--plan-out", "plan.jsonl", *more)
    assert done.code == 0, done.out + done.err
    return [json.loads(line) for line in (project.root / "plan.jsonl").read_text().splitlines()]


def answer(line, text=GOOD, **changes):
    """A line of the output of ``vllm run-batch``."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    body = {"model": "tiny", "choices": [choice | {"finish_reason": "stop"}]}
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {
        "id": "b",
        "custom_id": line["custom_id"],
        "response": response,
        "error": None,
    } | changes


def judged(project, lines, *more):
    text = "".join(t if isinstance(t, str) else json.dumps(t) + "\n" for t in lines)
    project.write("answers.jsonl", text)
    done = project.pytest(
        "suites", "--model", "endpoint:#tiny", "--answers", "answers.jsonl", *more
    )
    return done, {s.case_id: s.completion for s in project.runs()[-1].samples}


def test_the_plan_is_written_and_nothing_is_asked(project):
    lines = planned(project)
    assert [line["custom_id"].partition("/")[2] for line in lines] == [
        f"echo/{word}/0" for word in ("ant", "bee", "cat", "dog")
    ]
    assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
    assert lines[0]["body"]["messages"] == [{"role": "user", "content": "Echo ant."}]
    assert lines[0]["body"]["model"] == "tiny"
    assert not (project.root / "reports").exists()


def test_the_answers_of_the_batch_are_judged_in_any_order(project):
    lines = planned(project)
    done, found = judged(project, [answer(line) for line in reversed(lines)])
    assert done.counts() == {"passed": 1}
    assert {c.text for c in found.values()} == {GOOD}
    [model] = project.run().models
    assert (model.name, model.is_measurable) == ("tiny", False)
    assert list(model.files) == ["answers.jsonl"]


@pytest.mark.slow
def test_every_answer_that_is_not_one_is_an_error_by_its_name(project):
    ant, bee, cat, dog = planned(project)
    refused = answer(cat, response={"status_code": 400, "body": {"error": {"message": "too long"}}})
    _, found = judged(project, [answer(ant), answer(ant), refused, answer(bee), '{"cut": '])
    assert found["ant"].error == "the file answers it twice"
    assert "too long" in found["cat"].error
    assert found["bee"].text == GOOD
    assert found["dog"].error.startswith("the file has no answer to it; line 5 is no JSON")
    assert dog["custom_id"]


@pytest.mark.slow
def test_answers_to_another_plan_are_refused(project):
    lines = planned(project)
    project.task("echo", TASK.replace("Echo {word}", "Say {word}"))
    done, found = judged(project, [answer(line) for line in lines])
    assert done.code != 0
    assert {c.error for c in found.values()} == {
        "the file answers another prompt, model or decoding under its id"
    }


def test_what_a_batch_cannot_prove_is_not_planned(project):
    refused = project.pytest(
        "suites", "--model", "endpoint:#tiny", "--plan-out", "p", "--template-arg", "think=true"
    )
    assert refused.code == 4
    assert "cannot prove that the server obeys think" in refused.err
    assert not (project.root / "p").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--model", "endpoint:#t", "--plan-out", "a", "--answers", "b"], "give the one"),
        (["--model", "record:stored/stored", "--plan-out", "a"], "is asked here"),
        (["--model", "record:stored/stored", "--answers", "a"], "no --model is served"),
    ],
)
def test_options_that_do_not_fit_are_mistakes(project, arguments, reason):
    project.store()
    done = project.pytest("suites", *arguments)
    assert done.code == 4
    assert reason in done.err


def test_a_model_without_a_server_says_what_to_do(project):
    done = project.pytest("suites", "--model", "endpoint:#tiny")
    assert done.code == 1
    assert "no server is named" in done.out
