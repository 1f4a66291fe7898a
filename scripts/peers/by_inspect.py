"""The stored answers as evaluations of inspect-ai, one for each model: run by an environment that
has it. The model counts no tokens, as inspect's own stand-in loads a vocabulary from the network.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelAPI, ModelOutput, modelapi
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer, stderr
from inspect_ai.solver import generate

CASES = json.loads(Path(os.environ["ANSWERS"]).read_text("utf-8"))
ANSWERS = {c["prompt"]: c["answers"] for c in CASES}


@modelapi(name="stored")
class Stored(ModelAPI):
    async def generate(self, input: Any, *_: Any, **__: Any) -> ModelOutput:
        name = self.model_name
        return ModelOutput.from_content(name, ANSWERS[input[-1].text][name])

    async def count_tokens(self, *_: Any, **__: Any) -> int:
        return 1


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def scored(is_good: bool, answer: str) -> Score:
    return Score(value=CORRECT if is_good else INCORRECT, answer=answer)


@scorer(metrics=[accuracy(), stderr()])
def is_json() -> Any:
    async def score(state: Any, _: Any) -> Score:
        text = state.output.completion
        return scored(isinstance(parsed(text), dict), text)

    return score


@scorer(metrics=[accuracy(), stderr()])
def is_right() -> Any:
    async def score(state: Any, target: Any) -> Score:
        text = state.output.completion
        return scored(parsed(text) == json.loads(target.text), text)

    return score


@task
def json_extraction() -> Task:
    samples = [
        Sample(id=c["case"], input=c["prompt"], target=json.dumps(c["reference"])) for c in CASES
    ]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=[is_json(), is_right()])


if __name__ == "__main__":
    for name in CASES[0]["answers"]:
        (log,) = eval(json_extraction(), model=f"stored/{name}", log_dir="logs", display="none")
        if log.status != "success":
            sys.exit(f"inspect: {log.error}")
