"""The requests that lines make: with the template's history, or as the suites ask."""

import pytest

from harness.chat.conversation import Conversation
from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.tasks.task import load_task
from tests.models import TASKS

A, B = ModelRef("base", "a"), ModelRef("base", "b")


def test_each_model_goes_on_with_its_own_answers():
    conversation = Conversation(system="Be brief.")
    conversation.keep(conversation.question("Hi"), {A: "Hello", B: "Yo"})
    conversation.keep(conversation.question("Go"), {A: "Gone"})
    question = conversation.question("And?")
    told = [(m.role, m.content) for m in conversation.case(B, question).messages]
    assert told == [("system", "Be brief."), ("user", "Hi"), ("assistant", "Yo"), ("user", "And?")]
    assert conversation.case(A, question).messages[-2] == Message("assistant", "Gone")
    conversation.reset()
    assert len(conversation.case(A, question).messages) == 2


def test_with_a_prompt_a_line_is_asked_as_the_suites_ask_it():
    task = load_task(TASKS / "json_extraction")
    conversation = Conversation(task)
    (known, *_), text = task.requests(), task.cases[0].variables["text"]
    for _ in range(2):
        question = conversation.question(text, {"text": text})
        case = conversation.case(A, question)
        request = conversation.request(case, question)
        conversation.keep(question, {A: "{}"})
        assert request.prompt_sha256 == known.prompt_sha256
        assert request.sampling == known.sampling
        assert request.template == known.template
    assert conversation.turns == []


def test_a_question_is_asked_again_without_its_answer_and_from_another_seed():
    conversation = Conversation()
    question = conversation.question("Hi")
    conversation.keep(question, {A: "Hello"})
    again = conversation.again(question)
    case = conversation.case(A, again)
    assert [m.content for m in case.messages] == ["Hi"]
    first, second = (conversation.request(case, q) for q in (question, again))
    assert first.seed != second.seed


def test_decoding_is_changed_by_name_and_outlives_the_task():
    conversation = Conversation(load_task(TASKS / "json_extraction"))
    conversation.set("temperature", "0.7")
    assert (conversation.sampling.temperature, conversation.sampling.max_new_tokens) == (0.7, 96)
    conversation.task = None
    assert (conversation.sampling.temperature, conversation.sampling.max_new_tokens) == (0.7, 256)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("temperatur", "1", "did you mean 'temperature'?"),
        ("top_p", "5", "less than or equal to 1"),
        ("max_new_tokens", "many", "valid integer"),
        ("temperature", "nan", "finite"),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_line(name, value, reason):
    with pytest.raises(HarnessError, match=reason):
        Conversation().set(name, value)
