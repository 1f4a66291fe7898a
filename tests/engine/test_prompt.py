"""A prompt through a tokenizer's chat template is transformers' own, with its arguments."""

import json
import shutil
from functools import partial
from types import SimpleNamespace

import pytest
from transformers import AutoTokenizer

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.plan import Request, Sampling
from harness.core.tools import tools_text
from harness.engine import prompt
from harness.engine.hf.model import HfModel
from harness.engine.model import EngineSettings
from tests.models import TINY_QWEN2
from tests.tool_templates import TEMPLATES, TOOLS, WITHOUT_TOOLS

TURN = (Message("system", "Be short."), Message("user", "What is 2 + 2?"))
SWITCH = (
    "{%- if add_generation_prompt and enable_thinking is defined and not enable_thinking %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
)


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(TINY_QWEN2, tmp_path / "model")


def test_arguments_reach_the_template_as_transformers_passes_them(folder):
    file = folder / "chat_template.jinja"
    file.write_text(file.read_text("utf-8").rstrip("\n") + SWITCH, "utf-8")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    conversation = [{"role": m.role, "content": m.content} for m in TURN]
    for arguments in ({}, {"enable_thinking": True}, {"enable_thinking": False}):
        expected = tokenizer.apply_chat_template(
            conversation, tokenize=False, add_generation_prompt=True, **arguments
        )
        assert prompt.render(tokenizer, TURN, arguments.items()) == expected
        assert expected.endswith("</think>\n\n") is (arguments.get("enable_thinking") is False)


def with_template(folder, source):
    (folder / "chat_template.jinja").write_text(source, "utf-8")
    return AutoTokenizer.from_pretrained(folder)


def read(tokenizer, **changes):
    asked = Request("t", "a", TURN, Sampling(), **changes)
    render, encode = partial(prompt.render, tokenizer), partial(prompt.encode, tokenizer)
    return prompt.read(asked, render, encode, partial(prompt.tool_form, tokenizer))


@pytest.mark.parametrize("form", TEMPLATES)
def test_tools_reach_the_template_as_transformers_passes_them(folder, form):
    tokenizer = with_template(folder, TEMPLATES[form])
    conversation = [{"role": m.role, "content": m.content} for m in TURN]
    expected = tokenizer.apply_chat_template(
        conversation, tools=TOOLS, tokenize=False, add_generation_prompt=True
    )
    found = read(tokenizer, tools=tools_text(TOOLS))
    assert (found.text, found.tool_form, found.error) == (expected, form, None)
    assert "get_weather" in found.text


def test_a_template_that_writes_no_tools_refuses_a_prompt_with_some(folder):
    tokenizer = with_template(folder, WITHOUT_TOOLS)
    assert read(tokenizer).error is None
    error = read(tokenizer, tools=tools_text(TOOLS)).error
    assert error == f"the chat template fails on it: {prompt.WRITES_NO_TOOLS}"


def test_tools_are_part_of_the_prompt_s_hash():
    plain, told, other = (
        Request("t", "a", TURN, Sampling(), tools=tools).prompt_sha256
        for tools in ("", tools_text(TOOLS), tools_text(TOOLS[:1]))
    )
    assert len({plain, told, other}) == 3


def test_the_template_for_tools_is_taken_where_there_is_one(folder):
    set_templates(folder, "tool_use", "default")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = read(tokenizer, tools=tools_text(TOOLS))
    assert (found.text, found.error) == ("tool_use", None)


def test_marks_of_calls_that_are_special_tokens_stay_in_an_answer(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    marks = ["[TOOL_CALLS]", "<|python_tag|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    ids = tokenizer("".join(marks), add_special_tokens=False)["input_ids"]
    assert len(ids) == 2
    model = HfModel(SimpleNamespace(), tokenizer, None, EngineSettings())
    assert model._text(ids) == "".join(marks)


def test_a_request_carries_its_arguments_to_the_template():
    asked = Request("t", "a", TURN, Sampling(), template=(("n", 1),))
    found = prompt.read(asked, lambda messages, arguments: str(arguments), lambda text: [1])
    assert found.text == "(('n', 1),)"


def set_templates(folder, *names: str) -> None:
    (folder / "chat_template.jinja").unlink()
    file = folder / "tokenizer_config.json"
    templates = [{"name": name, "template": name} for name in names]
    config = json.loads(file.read_text("utf-8")) | {"chat_template": templates}
    file.write_text(json.dumps(config), "utf-8")


def test_of_several_templates_the_default_is_taken(folder):
    set_templates(folder, "tool_use", "default")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert prompt.template_of(tokenizer) == prompt.render(tokenizer, TURN) == "default"


def test_several_templates_without_a_default_refuse_every_prompt_as_in_transformers(folder):
    set_templates(folder, "tool_use", "chat")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with pytest.raises(ValueError, match="no default"):
        tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
    with pytest.raises(HarnessError, match="none is called default"):
        prompt.render(tokenizer, TURN)
