"""A prompt through a tokenizer's chat template is transformers' own, with its arguments."""

import json
import shutil

import pytest
from transformers import AutoTokenizer

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.plan import Request, Sampling
from harness.engine import prompt
from tests.models import TINY_QWEN2

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
