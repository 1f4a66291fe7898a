"""The stored answers as tests, for pytest-html: run by an environment that has it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

CASES = json.loads(Path(os.environ["ANSWERS"]).read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[c["case"] for c in CASES])
@pytest.mark.parametrize("model", CASES[0]["answers"])
def test_answer(model: str, case: dict[str, Any]) -> None:
    assert json.loads(case["answers"][model]) == case["reference"]
