"""schemathesis asks the server whatever its OpenAPI document allows, and what it forbids.

It is a command of an environment of its own (``pipx install schemathesis==4.32.5``): beside pytest
it would be a plugin of every session.
"""

import shutil
import subprocess

import pytest

from harness.engine.fake_host import FakeHost
from harness.tasks.task import load_task
from tests.models import TASKS
from tests.serve.running import GOOD, running

pytestmark = pytest.mark.slow
COMMAND = shutil.which("schemathesis")
BEYOND_A_SCHEMA = "positive_data_acceptance"
"""A document cannot say that the last message is the user's, that variables are the prompt's, or
that an answer passes its behaviors: such requests are 400 or 422."""


@pytest.mark.skipif(COMMAND is None, reason="the command schemathesis is not there")
def test_it_finds_nothing():
    tasks = [load_task(TASKS / "json_extraction")]
    with running(FakeHost(lambda ref, request: GOOD), tasks=tasks) as one:
        done = subprocess.run(
            [COMMAND, "run", f"{one.url}/openapi.json", "--exclude-checks", BEYOND_A_SCHEMA,
             "--max-examples", "100", "--seed", "1", "--no-color"],
            capture_output=True,
            text=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
