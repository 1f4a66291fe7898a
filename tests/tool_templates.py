"""Small chat templates that write tools and calls, one for each form, and one that leaves them out.

They have the shapes of models' own templates, and are none of them.
"""

_TURNS = """\
{%- if tools %}<|im_start|>system
Call a tool as @SAID@. Tools:{% for tool in tools %}
{{ tool | tojson }}{% endfor %}<|im_end|>
{% endif %}{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}{% if message.tool_calls %}@CALLS@{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
_EACH = "{% for call in message.tool_calls %}@CALL@{% endfor %}"
_NAME, _ARGUMENTS = "{{ call.function.name }}", "{{ call.function.arguments | tojson }}"


def _template(call: str, said: str, first: str = "", last: str = "") -> str:
    between = "{% if not loop.last %}, {% endif %}" if first else ""
    calls = first + _EACH.replace("@CALL@", call + between) + last
    return _TURNS.replace("@SAID@", said).replace("@CALLS@", calls)


TEMPLATES = {
    "hermes": _template(
        f'\n<tool_call>\n{{"name": "{_NAME}", "arguments": {_ARGUMENTS}}}\n</tool_call>',
        "<tool_call>...</tool_call>",
    ),
    "llama": _template(
        f'{{"name": "{_NAME}", "parameters": {_ARGUMENTS}}}',
        '{"name": function, "parameters": its arguments}',
    ),
    "pythonic": _template(
        f"{_NAME}({{% for name, value in call.function.arguments.items() %}}"
        "{{ name }}={{ value | tojson }}{% if not loop.last %}, {% endif %}{% endfor %})",
        "[func_name(params_name=params_value)]",
        "[",
        "]",
    ),
    "mistral": _template(
        f'{{"name": "{_NAME}", "arguments": {_ARGUMENTS}}}',
        "[TOOL_CALLS]",
        "[TOOL_CALLS] [",
        "]",
    ),
}
"""By form."""
NAMED_MISTRAL = _template(f"[TOOL_CALLS]{_NAME}[ARGS]{_ARGUMENTS}", "[TOOL_CALLS]")
"""Mistral's newer form."""
XML = _template(
    f"\n<tool_call>\n<function={_NAME}>\n</function>\n</tool_call>", "<tool_call><function=...>"
)
"""A form that is none of those known."""
WITHOUT_CALLS = _TURNS.replace("{% if message.tool_calls %}@CALLS@{% endif %}", "").replace(
    "@SAID@", "<tool_call>...</tool_call>"
)
"""Writes tools, and leaves the calls of an answer out."""
WITHOUT_TOOLS = _TURNS[_TURNS.index("{% for message") :].replace("@CALLS@", "")
"""Leaves tools out."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "minimum": 1},
                "unit": {"enum": ["C", "F"]},
                "note": {"type": "string"},
            },
            "required": ["city"],
        },
    },
}
STOP = {"type": "function", "function": {"name": "stop"}}
TOOLS = [WEATHER, STOP]
