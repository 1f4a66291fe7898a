"""A model in this process: opened when it is asked, and whatever it raises is its own error."""

from dataclasses import replace

import pytest

from harness.core.completion import FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.events import Answered
from harness.engine.fake_host import FakeHost
from harness.engine.local import LocalModel
from harness.engine.model import ModelUnopened

REF = ModelRef("record", "x")
REQUESTS = [Request("t", case, (), Sampling()) for case in ("ant", "bee")]


def model(answer) -> LocalModel:
    return FakeHost(answer)._connect(REF)


def answered(model: LocalModel) -> list:
    return [e.completion for e in model.events(REQUESTS) if isinstance(e, Answered)]


def test_it_opens_when_it_is_asked_and_once():
    found = model(lambda ref, request: request.case_id)
    assert (found.is_open, found.model) == (False, None)
    found.prewarm()
    assert not found.is_open
    assert [c.text for c in answered(found)] == ["ant", "bee"]
    first = found.model
    assert [c.text for c in answered(found)] == ["ant", "bee"]
    assert replace(found.model, generate_seconds=None) == replace(first, generate_seconds=None)
    assert found.model.generate_seconds > first.generate_seconds
    found.close()
    assert not found.is_open
    assert found.model is not None


def test_what_an_answer_raises_is_the_error_of_its_request():
    def answer(ref, request):
        return {"ant": "fine"}[request.case_id]

    fine, broken = answered(model(answer))
    assert fine.finish_reason is FinishReason.STOP
    assert (broken.finish_reason, broken.error) == (FinishReason.ERROR, "KeyError: 'bee'")


def test_whatever_goes_wrong_as_it_opens_is_one_line():
    def open_model():
        raise OSError("first\nsecond")

    with pytest.raises(ModelUnopened, match=r"^OSError: first$"):
        answered(LocalModel(REF, open_model))
