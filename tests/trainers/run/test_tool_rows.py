"""Training on rows with tools: the base's template is looked at first, a task of calls watches."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.core.errors import HarnessError
from tests.models import TINY_QWEN2
from tests.tool_templates import TEMPLATES, TOOLS, WITHOUT_TOOLS, XML
from trainers.run.train import train

CITIES = ("Ulm", "Bonn", "Kiel", "Jena", "Gera", "Celle", "Trier", "Essen")
QUESTIONS = ("How is the weather in {}?", "Tell me about {} now.", "Is it raining in {}?")


def row(question: str, answer: dict[str, Any]) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", **answer}]
    return {"messages": messages, "tools": TOOLS}


def calling(question: str, city: str) -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": json.dumps({"city": city})}
    call = {"id": "call_1", "type": "function", "function": function}
    return row(question.format(city), {"content": None, "tool_calls": [call]})


@pytest.fixture
def recipe(write_recipe, tmp_path):
    """Writes a recipe over the tiny model with a template; keywords as ``write_recipe`` has."""

    def write(template: str, form: str = "auto", **changes: Any) -> Path:
        shutil.copytree(TINY_QWEN2, tmp_path / "base")
        (tmp_path / "base" / "chat_template.jinja").write_text(template)
        rows = [calling(question, city) for question in QUESTIONS for city in CITIES]
        rows += [row(text, {"content": "I know the weather."}) for text in ("Hello.", "Who?")]
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        folder = tmp_path / "weather"
        folder.mkdir()
        (folder / "task.yaml").write_text(
            "description: x\nprompt: '{text}'\nsampling: {max_new_tokens: 64}\n"
            f"output: {{format: tool_calls, tools: tools.json, tool_form: {form}}}\n"
            "budgets: {tool_call: 0.9, tool_name: 0.9, tool_arguments: 0.9, exact_calls: 0.9}\n"
        )
        (folder / "tools.json").write_text(json.dumps(TOOLS))
        case = {"id": "a", "variables": {"text": "q"}, "calls": "none"}
        (folder / "cases.jsonl").write_text(json.dumps(case) + "\n")
        made: Path = write_recipe(
            base=str(tmp_path / "base"),
            data=dict.fromkeys(("train", "val"), str(tmp_path / "rows.jsonl")),
            task=str(folder),
            **changes,
        )
        return made

    return write


@pytest.mark.parametrize(
    ("template", "form", "said"),
    [
        (WITHOUT_TOOLS, "auto", "this model's chat template writes no tools; train a base"),
        (XML, "auto", "in which this model's chat template writes calls is not known; train"),
        (TEMPLATES["hermes"], "llama", "writes calls as hermes, and weather judges llama: take"),
    ],
)
def test_a_base_that_cannot_write_the_rows_is_refused_before_its_weights(
    recipe, tmp_path, template: str, form: str, said: str
) -> None:
    path = recipe(template, form)
    (tmp_path / "base" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(HarnessError, match=rf"recipe.yaml:2: base: .*{said}"):
        train(str(path))


@pytest.mark.slow
def test_a_model_learns_to_call_and_when_not_to(recipe, tmp_path) -> None:
    path = recipe(
        TEMPLATES["hermes"], learning_rate=0.01, lora={"r": 16, "lora_alpha": 32}, max_steps=60,
        eval_steps=60, watch_rows=26, max_length=512,
    )  # fmt: skip
    train(str(path))
    behaviors = json.loads((tmp_path / "out" / "training.json").read_text())["result"]["behaviors"]
    for name, least in (("tool_call", 0.9), ("tool_name", 0.9), ("exact_calls", 0.9)):
        assert behaviors[name]["rate"] >= least, behaviors
    assert (behaviors["tool_call"]["judged"], behaviors["exact_calls"]["judged"]) == (26, 24)


@pytest.mark.slow
def test_calls_are_drawn_and_rewarded_by_grpo(recipe, tmp_path) -> None:
    """A model that calls rightly as a rule, and sometimes not: groups of its answers differ."""
    path = recipe(
        TEMPLATES["hermes"], learning_rate=0.01, lora={"r": 16, "lora_alpha": 32}, max_steps=40,
        max_length=512,
    )  # fmt: skip
    train(str(path))
    settings = yaml.safe_load(path.read_text())
    drawn = {
        "method": "grpo", "base": settings["base"], "task": settings["task"],
        "data": settings["data"], "adapter": settings["output"], "output": str(tmp_path / "grpo"),
        "rewards": ["tool_call", "exact_calls"], "num_generations": 4, "max_steps": 2,
        "per_device_train_batch_size": 8, "max_completion_length": 64, "temperature": 0.3,
        "learning_rate": 1e-5, "eval_steps": 2, "watch_rows": 26,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(drawn))
    train(str(path))
    found = json.loads((tmp_path / "grpo" / "training.json").read_text())
    rewards = [p["metrics"]["reward"] for p in found["curve"] if "reward" in p.get("metrics", {})]
    assert len(rewards) == 2
    assert all(0 < reward < 2 for reward in rewards), "of two rewards, some answers earn each"
    assert found["result"]["behaviors"]["exact_calls"]["rate"] >= 0.9, "a small step harms nothing"


def written_result(earlier: str) -> dict[str, Any]:
    """A row whose answer follows a call and its result."""
    function = {"name": "get_weather", "arguments": {"city": "Ulm"}}
    turns = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"type": "function", "function": function}],
        },
        {"role": "tool", "content": earlier},
        {"role": "assistant", "content": "It rains."},
    ]
    return {"messages": turns, "tools": TOOLS}


WITHOUT_RESULTS = TEMPLATES["hermes"].replace(
    "{{ message.content }}", "{{ message.content if message.role != 'tool' }}"
)
REFUSING = TEMPLATES["hermes"].replace(
    "<|im_start|>{{ message.role }}",
    "{% if message.role == 'tool' %}{{ raise_exception('no tool role') }}{% endif %}"
    "<|im_start|>{{ message.role }}",
)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (WITHOUT_RESULTS, "with their results; train"),
        (REFUSING, r"results \(no tool role\); train"),
    ],
)
def test_a_base_that_writes_no_results_is_refused_before_its_weights(
    recipe, tmp_path, template: str, said: str
) -> None:
    path = recipe(template)
    (tmp_path / "base" / "model.safetensors").write_bytes(b"no weights")
    rows = tmp_path / "turns.jsonl"
    rows.write_text(json.dumps(written_result("rain")))
    with pytest.raises(HarnessError, match=rf"recipe.yaml:2: base: its chat template .*{said}"):
        train(str(path), [f"data.train={rows}", f"data.val={rows}"])


@pytest.mark.slow
def test_answers_after_a_result_are_learned_and_watched(recipe, tmp_path) -> None:
    path = recipe(
        TEMPLATES["hermes"], learning_rate=0.01, max_steps=12, eval_steps=12, max_length=512
    )
    rows = tmp_path / "turns.jsonl"
    rows.write_text("".join(json.dumps(written_result(w)) + "\n" for w in ("rain", "wet") * 4))
    train(str(path), [f"data.train={rows}", f"data.val={rows}"])
    found = json.loads((tmp_path / "out" / "training.json").read_text())["result"]["behaviors"]
    assert found["tool_call"]["judged"] == 8
    assert found["tool_call"]["rate"] == 1, "words are wanted behind a result, and no call"


def test_a_held_out_row_of_the_other_kind_is_refused_before_the_weights(recipe, tmp_path) -> None:
    path = recipe(TEMPLATES["hermes"])
    (tmp_path / "base" / "model.safetensors").write_bytes(b"no weights")
    plain = tmp_path / "plain.jsonl"
    plain.write_text(json.dumps({"prompt": [{"role": "user", "content": "q"}], "completion": "a"}))
    with pytest.raises(HarnessError, match=r"plain\.jsonl:1: has no tools, and weather"):
        train(str(path), [f"data.val={plain}"])
