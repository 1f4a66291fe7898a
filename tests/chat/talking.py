"""Conversations with models that are a function."""

from collections.abc import Mapping
from pathlib import Path

from harness.chat.answering import ChatModel
from harness.chat.conversation import Conversation
from harness.chat.session import Session
from harness.core.modelref import ModelRef
from harness.engine.fake_host import FakeAnswer, FakeHost
from harness.tasks.task import load_task
from tests.models import TASKS


def session(
    answers: Mapping[str, FakeAnswer], task: str | Path | None = None, **more: object
) -> Session:
    """A session with open models, by their refs."""
    loaded = load_task(TASKS / task) if task else None
    models = [ChatModel(ModelRef.parse(ref), FakeHost(each)) for ref, each in answers.items()]
    for model in models:
        model.start()
        model.wait_until_open()
    folder = loaded.path.parent if loaded else TASKS
    return Session(models, Conversation(loaded), folder, **more)  # type: ignore[arg-type]


def say_back(ref: ModelRef, request) -> str:
    """The last message, after the number of messages."""
    return f"{len(request.messages)}: {request.messages[-1].content}"
