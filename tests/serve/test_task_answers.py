"""A task's route over real HTTP: variables in, a judged answer out, under each policy."""

import json

import pytest

from harness.core.errors import HarnessError
from harness.engine.fake_host import FakeHost
from harness.serve.app import Server, ServerSettings
from harness.serve.task_answers import Policy
from harness.tasks.task import load_task
from tests.models import TASKS
from tests.serve.running import GOOD, REF, TEXT, extract, running


def test_a_task_is_asked_as_the_suites_ask_it_and_judged(server, answers):
    answers.texts = [GOOD]
    status, body = extract(server)
    assert status == 200
    assert body["output"] == {"name": "Ada", "date": "2024-01-05", "amount": 47.2}
    assert (body["raw"], body["repaired"], body["attempts"]) == (GOOD, False, 1)
    assert body["verdicts"]["json_validity"]["outcome"] == "passed"
    assert body["verdicts"]["exact_fields"]["outcome"] == "skipped"
    task = load_task(TASKS / "json_extraction")
    (request,) = answers.requests
    assert request.sampling == task.sampling
    assert request.messages[-1].content.endswith(f"Text: {TEXT}")


def test_an_answer_that_fails_is_422_with_its_verdicts(server, answers):
    answers.texts = [f"Sure! {GOOD}"]
    status, body = extract(server)
    assert status == 422
    assert "no_extra_text" in body["error"]["message"]
    assert body["verdicts"]["no_extra_text"]["code"] == "text_before"
    assert (body["output"], body["raw"]) == (None, f"Sure! {GOOD}")


def test_repair_makes_an_answer_pass_and_says_so(server, answers):
    answers.texts = [f"Sure! {GOOD[:-1]},}}"]
    status, body = extract(server, policy="repair")
    assert status == 200
    assert body["output"]["amount"] == 47.2
    assert (body["repaired"], body["raw"]) == (True, f"Sure! {GOOD[:-1]},}}")


def test_a_retry_asks_again_by_sampling_until_an_answer_passes(server, answers):
    answers.texts = ["no", "still no", GOOD]
    status, body = extract(server, policy="retry:5")
    assert (status, body["attempts"]) == (200, 3)
    assert [r.repeat for r in answers.requests] == [0, 1, 2]
    assert [r.sampling.temperature for r in answers.requests] == [0.0, 0.7, 0.7]
    assert len({r.seed for r in answers.requests}) == 3


def test_retries_end(server, answers):
    answers.texts = ["no"]
    status, body = extract(server, policy="retry:2")
    assert (status, body["attempts"]) == (422, 3)


def test_constrained_asks_for_the_grammar_of_the_tasks_schema(server, answers):
    pytest.importorskip("llguidance")
    answers.texts = [GOOD]
    assert extract(server, policy="constrained")[0] == 200
    (request,) = answers.requests
    schema = json.loads((TASKS / "json_extraction" / "schema.json").read_text("utf-8"))
    assert json.loads(request.grammar.schema) == schema
    extract(server)
    assert answers.requests[1].grammar is None
    assert answers.requests[1].key != request.key


@pytest.mark.parametrize(
    ("task", "is_constrainable", "reason"),
    [
        ("json_extraction", False, "base:models/tiny is not decoded here"),
        ("code_assistant", True, "code_assistant has no answers with a grammar"),
    ],
)
def test_what_cannot_be_constrained_is_refused_at_the_start_or_as_it_is_asked(
    task, is_constrainable, reason
):
    told = {"tasks": [load_task(TASKS / task)], "is_constrainable": is_constrainable}
    with pytest.raises(HarnessError, match=reason):
        Server(ServerSettings(REF, policy=Policy("constrained"), **told), FakeHost(None), print)
    with running(FakeHost(lambda ref, r: GOOD), **told) as one:
        variables = dict.fromkeys(told["tasks"][0].cases[0].variables, "x")
        body = {"variables": variables, "policy": "constrained"}
        status, answer = one.post(f"/v1/tasks/{task}", body)
        assert (status, reason in answer["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "the prompt asks for {text}"),
        ({"variables": {"text": "x", "colour": 1}}, "the prompt has no colour"),
        ({"variables": []}, "valid dictionary"),
        ({"variables": {"text": TEXT}, "policy": "beam"}, "expected raw, repair, constrained or"),
        ({"variables": {"text": TEXT}, "policy": "retry:99"}, "expected raw, repair, constrained"),
        ({"variables": {"text": TEXT}, "n": 1}, "n is not supported"),
        ({"messages": [{"role": "user", "content": "x"}]}, "the task has a prompt"),
    ],
)
def test_what_is_no_request_of_a_task_is_400(server, body, reason):
    status, answer = server.post("/v1/tasks/json_extraction", body)
    assert (status, reason in answer["error"]["message"]) == (400, True), answer
