"""A server over a fake model, whose answers a test gives."""

import pytest

from harness.core.completion import Completion
from harness.engine.fake_host import FakeHost
from harness.serve.limits import Limits
from harness.tasks.task import load_task
from tests.models import TASKS
from tests.serve.running import running


class Answers:
    """What the fake model says: one text, or several in turn."""

    def __init__(self):
        self.texts = ["re: {}"]
        self.requests = []

    def __call__(self, ref, request):
        self.requests.append(request)
        last = request.messages[-1].content
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        return text if isinstance(text, Completion) else text.replace("{}", last)


@pytest.fixture(scope="module")
def answers():
    return Answers()


@pytest.fixture(scope="module")
def server(answers):
    host = FakeHost(answers)
    limits = Limits(max_body_bytes=20_000, max_tokens=300)
    with running(host, tasks=[load_task(TASKS / "json_extraction")], limits=limits) as one:
        yield one


@pytest.fixture(autouse=True)
def _fresh(answers):
    answers.texts = ["re: {}"]
    answers.requests = []
