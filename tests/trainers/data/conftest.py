"""A task that asks for calls of tools."""

import json

import pytest

from harness.tasks.task import Task, load_task
from tests.tool_templates import TOOLS


@pytest.fixture
def task(tmp_path) -> Task:
    folder = tmp_path / "weather"
    folder.mkdir()
    (folder / "tools.json").write_text(json.dumps(TOOLS))
    (folder / "task.yaml").write_text(
        "description: x\nprompt: '{text}'\noutput: {format: tool_calls, tools: tools.json}\n"
    )
    line = {"id": "a", "variables": {"text": "x"}, "reference": {"name": "stop", "arguments": {}}}
    (folder / "cases.jsonl").write_text(json.dumps(line) + "\n")
    return load_task(folder)
