"""Chat templates rendered without transformers against transformers' own rendering."""

import jinja2
import pytest

from harness.core.case import Message
from harness.model_files.chat_template import ChatTemplate, clock_of
from tests.models import TINY_GPT2, TINY_QWEN2

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
LLAMA_2 = """
{%- if messages[0]['role'] == 'system' %}
    {%- set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set system = '' %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('roles must alternate') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {{- bos_token + '[INST] ' + (system if loop.first else '') + message['content'].strip() }}
        {{- ' [/INST]' }}
    {%- else %}
        {{- ' ' + message['content'] + ' ' + eos_token }}
    {%- endif %}
{%- endfor %}
"""
LLAMA_3 = """
{{- bos_token }}
{% set ns = namespace(first=true, seen=0) %}
{% for message in messages %}
    {% set ns.seen = ns.seen + 1 %}
    <|start_header_id|>{{ message.role }}<|end_header_id|>

{{ message.content | trim }}<|eot_id|>
{% endfor %}
{{ ns.seen }} {{ strftime_now('%%') }} {{ tools is none }} {{ documents is none }}
{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>

{% endif %}
"""
TO_JSON = """
{%- for message in messages %}
    {%- if loop.index > 3 %}{% break %}{% endif %}
    {%- if message.role == 'system' %}{% continue %}{% endif %}
    {{- message | tojson }}|{{ message | tojson(indent=2, sort_keys=true) }}|
    {{- {'a': '<é&"'} | tojson(ensure_ascii=true, separators=(',', ':')) }}
    {%- generation %}{{ message.content }}{% endgeneration %}
    {{- dict(x=1).items() | list }} {{ dict.fromkeys(['k'], 2) }}
{%- endfor %}
{{ pad_token }}{{ unk_token is defined }}
"""
TEMPLATES = {
    "chatml": (TINY_QWEN2 / "chat_template.jinja").read_text("utf-8"),
    "dialogpt": (TINY_GPT2 / "chat_template.jinja").read_text("utf-8"),
    "llama-2": LLAMA_2,
    "llama-3": LLAMA_3,
    "tojson": TO_JSON,
}
CONVERSATIONS = {
    "one turn": [Message("user", "  What is 1 + 1?\n")],
    "system": [Message("system", "Be brief."), Message("user", "Grüße <b>&</b> \U0001f600")],
    "four turns": [
        Message("system", "Say \"a\" or {'b'}."),
        Message("user", "{{ 7 * 7 }}{% raw %}"),
        Message("assistant", "a\\n\tb"),
        Message("user", "<|im_end|>[/INST]"),
    ],
}


def as_transformers(template: str, messages: list[Message]) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    conversation = [{"role": m.role, "content": m.content} for m in messages]
    (text,), _ = render_jinja_template(
        [conversation], chat_template=template, add_generation_prompt=True, **SPECIAL
    )
    return text


@pytest.mark.parametrize("messages", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_template_renders_as_in_transformers(template, messages):
    found = ChatTemplate(template, SPECIAL).render(messages)
    assert found == as_transformers(template, messages)
    assert found


def test_what_a_template_refuses_is_refused_in_its_own_words():
    twice = [Message("user", "a"), Message("user", "b")]
    with pytest.raises(jinja2.TemplateError, match="roles must alternate"):
        as_transformers(LLAMA_2, twice)
    with pytest.raises(jinja2.TemplateError, match="roles must alternate"):
        ChatTemplate(LLAMA_2, SPECIAL).render(twice)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ namespace(_a=1) }}",
        "{% set ns = namespace() %}{% set ns.__class__ = 1 %}",
        "{{ dict.__init__.__globals__ }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(template):
    with pytest.raises((jinja2.exceptions.SecurityError, jinja2.TemplateError, OverflowError)):
        ChatTemplate(template, SPECIAL).render([Message("user", "a")])


def test_a_finished_turn_is_rendered_as_transformers_renders_it():
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(TINY_QWEN2)
    turn = [Message("user", "question"), Message("assistant", "answer")]
    conversation = [{"role": m.role, "content": m.content} for m in turn]
    expected = tokenizer.apply_chat_template(conversation, tokenize=False)
    template = ChatTemplate(tokenizer.chat_template, tokenizer.special_tokens_map)
    assert template.render(turn, adds_generation_prompt=False) == expected


SWITCH = "{% if enable_thinking is defined and not enable_thinking %}off{% else %}on{% endif %}"


def test_arguments_are_variables_of_the_template():
    template = ChatTemplate(SWITCH, SPECIAL)
    assert template.render([], [("enable_thinking", False)]) == "off"
    assert template.render([], [("enable_thinking", True)]) == template.render([]) == "on"


def test_an_argument_goes_before_a_special_token_as_in_transformers():
    assert ChatTemplate("{{ bos_token }}", SPECIAL).render([], [("bos_token", "x")]) == "x"


def test_the_clock_stands_still():
    template = ChatTemplate("{{ strftime_now('%d %b %Y %H:%M:%S') }}", {})
    assert template.render([]) == "01 Jan 2025 12:00:00"


def test_whether_a_template_reads_the_clock_is_read_from_its_source():
    reading = "{% if date_string is not defined %}{{ strftime_now('%Y') }}{% endif %}"
    assert clock_of(reading) == "2025-01-01T12:00:00"
    assert clock_of("{# strftime_now #}{{ 'strftime_now' }}") is None
    assert clock_of("{% broken") is None
    assert clock_of(None) is None


def test_the_names_that_a_template_reads_are_known():
    template = ChatTemplate("{% set a = 1 %}{{ a }}{{ b }}{% for m in messages %}{% endfor %}", {})
    assert template.variables() == {"b", "messages"}


@pytest.mark.parametrize(
    ("source", "is_random"),
    [("{{ [1, 2] | random }}", True), ("{{ lipsum() }}", True), ("{{ [1, 2] | first }}", False)],
)
def test_what_draws_at_random_is_known(source, is_random):
    assert ChatTemplate(source, {}).is_random() is is_random
