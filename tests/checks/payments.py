"""A table of completions of one task, and what every check must say of each.

The task: "On March 5, 2024 we paid Ada Byron $1,047.20 for 3 maps.", answered by one JSON object
with name, date and amount. A row is the completion and the behaviors that fail, with their code;
every behavior that is not named passes. Written by hand from the definitions, not from the code.
"""

PROMPT = "On March 5, 2024 we paid Ada Byron $1,047.20 for 3 maps."
REFERENCE = {"name": "Ada Byron", "date": "2024-03-05", "amount": 1047.2}
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "date": {"type": "string"},
        "amount": {"type": "number"},
    },
    "required": ["name", "date", "amount"],
    "additionalProperties": False,
}
TIMESTAMPS = {"/date": "date"}
GROUNDED = ["/name", "/date", "/amount"]

GOOD = '{"name": "Ada Byron", "date": "2024-03-05", "amount": 1047.2}'
OPEN = GOOD[:-1]

VALUE = (
    "schema_types",
    "required_keys",
    "types",
    "duplicate_keys",
    "timestamp_sanity",
    "grounding",
    "exact_fields",
)
"""The checks that look at the value: where there is none they fail with the cause."""


def unsound(code: str, **others: str) -> dict[str, str]:
    """The value is broken: json_validity and every check of the value say why."""
    return {"json_validity": code, **dict.fromkeys(VALUE, code), **others}


def around(code: str, **others: str) -> dict[str, str]:
    """Something stands around a sound value."""
    return {"json_validity": code, "no_extra_text": code, **others}


def nothing(code: str, **others: str) -> dict[str, str]:
    """There is no value at all."""
    return {**unsound(code), "no_extra_text": code, **others}


def value(name: str = "Ada Byron", date: str = "2024-03-05", amount: str = "1047.2") -> str:
    """The object with these values; ``amount`` is JSON as written."""
    return f'{{"name": "{name}", "date": "{date}", "amount": {amount}}}'


SOUND: list[tuple[str, dict[str, str]]] = [
    (GOOD, {}),
    (GOOD.replace('": ', '":').replace(", ", ","), {}),
    (GOOD.replace('": ', '"\r\n\t : \n'), {}),
    (GOOD.replace(", ", ",\n  "), {}),
    ("\n" + GOOD + "\n", {}),
    (" \t\r\n" + GOOD + " \t\r\n", {}),
    ('{"amount": 1047.2, "date": "2024-03-05", "name": "Ada Byron"}', {}),
    (value(amount="1047.20"), {}),
    (value(amount="1.0472e3"), {}),
    (value(amount="1.0472E+3"), {}),
    (value(amount="104720e-2"), {}),
    (value(amount="1047.2000000000000000000000"), {}),
    (value(name="\\u0041da Byron"), {}),
    (value(name="Ada\\u0020Byron"), {}),
    ('{"\\u006eame": "Ada Byron", "date": "2024-03-05", "amount": 1047.2}', {}),
]

AROUND: list[tuple[str, dict[str, str]]] = [
    ("Sure! " + GOOD, around("text_before")),
    ("Here is the JSON:\n" + GOOD, around("text_before")),
    ("json\n" + GOOD, around("text_before")),
    ("JSON: " + GOOD, around("text_before")),
    ("1. " + GOOD, around("text_before")),
    ("- " + GOOD, around("text_before")),
    ("> " + GOOD, around("text_before")),
    ("`" + GOOD + "`", around("text_before")),
    ('"' + GOOD, around("text_before")),
    ("Note [1]: " + GOOD, around("text_before")),
    ("See [1] and [2]: " + GOOD, around("text_before")),
    ("Sure, 3 items: " + GOOD, around("text_before")),
    ("For {name} I found: " + GOOD, around("text_before")),
    ("An empty one is {}, yours: " + GOOD, around("text_before")),
    ('She said "hello" and: ' + GOOD, around("text_before")),
    ("It's Ada's: " + GOOD, around("text_before")),
    ("\ufeff" + GOOD, around("text_before")),
    ("\u00a0" + GOOD, around("text_before")),
    ("\u200b" + GOOD, around("text_before")),
    ("\x0c" + GOOD, around("text_before")),
    ("\x0b" + GOOD, around("text_before")),
    ("\x00" + GOOD, around("text_before")),
    ("\x1b[1m" + GOOD, around("text_before")),
    ("\u2028" + GOOD, around("text_before")),
    ("\u202e" + GOOD, around("text_before")),
    ("\ud83d" + GOOD, around("text_before")),
    ("\U0001f600 " + GOOD, around("text_before")),
    ("// the answer\n" + GOOD, around("text_before")),
    ("= " + GOOD, around("text_before")),
    ("```json\n" + GOOD + "\n```", around("markdown_fence")),
    ("```\n" + GOOD + "\n```", around("markdown_fence")),
    ("``` json\n" + GOOD + "```", around("markdown_fence")),
    ("~~~\n" + GOOD + "\n~~~", around("markdown_fence")),
    ("\n```json\n" + GOOD + "\n```\nEnjoy!", around("markdown_fence")),
    (GOOD + "\n```", around("markdown_fence")),
    ("Sure:\n```json\n" + GOOD + "\n```", around("text_before")),
    ("<think>easy</think>" + GOOD, around("think_block")),
    ('<think>\nname, date {"name": 1}\n</think>\n\n' + GOOD, around("think_block")),
    ("<thinking>so [1, 2]</thinking>" + GOOD, around("think_block")),
    ('The name is {"x": 1}, so\n</think>\n' + GOOD, around("think_block")),
    (GOOD + "<think>done</think>", around("think_block")),
    ("<think></think>```json\n" + GOOD + "\n```", around("think_block")),
    (GOOD + "<|im_end|>", around("special_token")),
    (GOOD + "<|endoftext|>", around("special_token")),
    (GOOD + "</s>", around("special_token")),
    ("<s>" + GOOD, around("special_token")),
    ("<|im_start|>assistant\n" + GOOD, around("special_token")),
    ("[INST] go [/INST]" + GOOD, around("special_token")),
    (GOOD + "\n<|eot_id|>", around("special_token")),
    (GOOD + "<end_of_turn>", around("special_token")),
    (GOOD + "<\uff5cend\u2581of\u2581sentence\uff5c>", around("special_token")),
    (GOOD + "\nHope this helps!", around("text_after")),
    (GOOD + ".", around("text_after")),
    (GOOD + ";", around("text_after")),
    (GOOD + ",", around("text_after")),
    (GOOD + "}", around("text_after")),
    (GOOD + "]}", around("text_after")),
    (GOOD + " }\n}", around("text_after")),
    (GOOD + " // ok", around("text_after")),
    (GOOD + "\x00", around("text_after")),
    (GOOD + "\u00a0", around("text_after")),
    (GOOD + "\x1b[0m", around("text_after")),
    (GOOD + "\\n", around("text_after")),
    (GOOD + '"', around("text_after")),
    (GOOD + "\nPS: {maybe}", around("text_after")),
    (GOOD + GOOD, around("second_document")),
    (GOOD + "\n" + GOOD, around("second_document")),
    (GOOD + ", " + GOOD, around("second_document")),
    (GOOD + " 1", around("second_document")),
    (GOOD + ' "x"', around("second_document")),
    (GOOD + " null", around("second_document")),
    (GOOD + "[]", around("second_document")),
    (GOOD + '\n{"name": "Ada', around("second_document")),
]

BRACKETS: list[tuple[str, dict[str, str]]] = [
    (
        GOOD + "}}}",
        around("text_after")
        | {"json_validity": "bracket_loop", "bracket_repetition": "bracket_loop"},
    ),
    (
        GOOD + "]]]]]]]]",
        around("text_after")
        | {"json_validity": "bracket_loop", "bracket_repetition": "bracket_loop"},
    ),
    (
        GOOD + "} ] \n } ]",
        around("text_after")
        | {"json_validity": "bracket_loop", "bracket_repetition": "bracket_loop"},
    ),
    (GOOD + "\nDone. }}}}", around("text_after", bracket_repetition="bracket_loop")),
    (
        GOOD + "}" * 400,
        around("text_after")
        | {"json_validity": "bracket_loop", "bracket_repetition": "bracket_loop"},
    ),
    (OPEN + "]]]]", unsound("bracket_loop", bracket_repetition="bracket_loop")),
    (OPEN + "]]]]}", unsound("bracket_loop", bracket_repetition="bracket_loop")),
    ("[" * 40, unsound("bracket_loop", bracket_repetition="bracket_loop")),
    ("{" * 40, unsound("bracket_loop", bracket_repetition="bracket_loop")),
    ('{"name": [[[[[[[[', unsound("bracket_loop", bracket_repetition="bracket_loop")),
    ('{"name": {{{{', unsound("bracket_loop", bracket_repetition="bracket_loop")),
    ("]" * 12, nothing("bracket_loop", no_extra_text="no_json", bracket_repetition="bracket_loop")),
    ('{"name": "[[[[[[[[]]]', unsound("truncated")),
    (value(name="Ada Byron]]]]]]"), {"grounding": "ungrounded", "exact_fields": "wrong_value"}),
    (value(name="}}}}}{{{{"), {"grounding": "ungrounded", "exact_fields": "wrong_value"}),
    (value(name='\\"}}}}'), {"grounding": "ungrounded", "exact_fields": "wrong_value"}),
]

BROKEN: list[tuple[str, dict[str, str]]] = [
    (OPEN + ",}", unsound("syntax")),
    (OPEN + ",,}", unsound("syntax")),
    (GOOD.replace('"', "'"), unsound("syntax")),
    (GOOD.replace('"name"', "name"), unsound("syntax")),
    (GOOD.replace('"name"', "'name'"), unsound("syntax")),
    (GOOD.replace('"', "\u201c"), unsound("syntax")),
    (GOOD.replace(":", "=", 1), unsound("syntax")),
    (GOOD.replace(":", "", 1), unsound("syntax")),
    (GOOD.replace(":", "::", 1), unsound("syntax")),
    (GOOD.replace(",", "", 1), unsound("syntax")),
    (GOOD.replace(",", ";", 1), unsound("syntax")),
    (GOOD.replace(",", ",,", 1), unsound("syntax")),
    ("{," + GOOD[1:], unsound("syntax")),
    ("{" + GOOD + "}", unsound("syntax")),
    (GOOD.replace("{", "{ // payment\n"), unsound("syntax")),
    (GOOD.replace("{", "{ /* payment */"), unsound("syntax")),
    (GOOD.replace("{", "{ # payment\n"), unsound("syntax")),
    (value(amount="NaN"), unsound("nan")),
    (value(amount="Infinity"), unsound("nan")),
    (value(amount="-Infinity"), unsound("nan")),
    (value(amount="nan"), unsound("nan")),
    (value(amount="+1047.2"), unsound("syntax")),
    (value(amount="01047.2"), unsound("syntax")),
    (value(amount="1047."), unsound("syntax")),
    (value(amount=".5"), unsound("syntax")),
    (value(amount="1,047.20"), unsound("syntax")),
    (value(amount="$1047.20"), unsound("syntax")),
    (value(amount="1e"), unsound("syntax")),
    (value(amount="0x417"), unsound("syntax")),
    (value(amount="1_047"), unsound("syntax")),
    (value(amount="\u0661"), unsound("syntax")),
    (value(amount="True"), unsound("syntax")),
    (value(amount="None"), unsound("syntax")),
    (value(amount="undefined"), unsound("syntax")),
    (value(amount=""), unsound("syntax")),
    (value(amount="-"), unsound("syntax")),
    (value(amount="1047.2 USD"), unsound("syntax")),
    (value(amount="..."), unsound("syntax")),
    (value(name="Ada\nByron"), unsound("syntax")),
    (value(name="Ada\tByron"), unsound("syntax")),
    (value(name="Ada\x00Byron"), unsound("syntax")),
    (value(name="Ada\x1fByron"), unsound("syntax")),
    (value(name="Ada \\Byron"), unsound("syntax")),
    (value(name="Ada\\'s"), unsound("syntax")),
    (value(name="\\x41da"), unsound("syntax")),
    (value(name="\\u004"), unsound("syntax")),
    (value(name="\\uGGGG"), unsound("syntax")),
    (value(name='Ada "Countess" Byron'), unsound("syntax")),
    (GOOD.replace('", "date', ', "date'), unsound("syntax")),
    (OPEN + ")", unsound("syntax")),
    (OPEN + "]}", unsound("syntax")),
    ("{name, date, amount}", unsound("syntax")),
    ("{...}", unsound("syntax")),
]

CUT: list[tuple[str, dict[str, str]]] = [
    (OPEN, unsound("unclosed")),
    (OPEN + "\n", unsound("unclosed")),
    (OPEN + "]", unsound("unclosed")),
    ('{"name": ["Ada", "date": "2024-03-05"}', unsound("syntax")),
    ('{"name": ["Ada"}', unsound("unclosed")),
    ('{"name": {"first": "Ada"', unsound("unclosed")),
    (OPEN + ",", unsound("truncated")),
    (OPEN[:-1], unsound("truncated")),
    ("{", unsound("truncated")),
    ('{"', unsound("truncated")),
    ('{"na', unsound("truncated")),
    ('{"name"', unsound("truncated")),
    ('{"name":', unsound("truncated")),
    ('{"name": "Ada', unsound("truncated")),
    ('{"name": "Ada\\', unsound("truncated")),
    ('{"name": "Ada\\u00', unsound("truncated")),
    ('{"name": tr', unsound("truncated")),
    ('{"name": -', unsound("truncated")),
    ('{"name": 1e+', unsound("truncated")),
    ('{"name": [', unsound("truncated")),
    ('{"name": [1,', unsound("truncated")),
    ('{"name": "Ada\n}', unsound("unclosed")),
    ("Sure: " + OPEN, unsound("unclosed") | around("text_before")),
    ("```json\n" + OPEN, unsound("unclosed") | around("markdown_fence")),
]

NO_VALUE: list[tuple[str, dict[str, str]]] = [
    ("", nothing("empty")),
    (" ", nothing("empty")),
    ("\n\t\r\n", nothing("empty")),
    ("I cannot do that.", nothing("no_json")),
    ("The amount is 1047.20.", nothing("no_json")),
    ("name: Ada Byron\ndate: 2024-03-05\namount: 1047.2", nothing("no_json")),
    ("<payment><name>Ada Byron</name></payment>", nothing("no_json")),
    ("```json\n```", nothing("no_json")),
    ("<think>" + GOOD + "</think>", nothing("no_json")),
    ("<|im_end|>", nothing("no_json")),
    ("(Ada Byron)", nothing("no_json")),
    ("\x1b[31mred\x1b[0m", nothing("no_json")),
    ("\ufeff", nothing("no_json")),
    ("\u00a0", nothing("no_json")),
]

_SCALAR = {
    "schema_types": "wrong_type",
    "required_keys": "missing_key",
    "types": "wrong_type",
    "timestamp_sanity": "missing_key",
    "grounding": "missing_key",
    "exact_fields": "missing_key",
}
OTHER_VALUES: list[tuple[str, dict[str, str]]] = [
    ("null", _SCALAR),
    ("true", _SCALAR),
    ("1047.2", _SCALAR),
    ('"Ada Byron"', _SCALAR),
    ("[]", _SCALAR),
    ("[" + GOOD + "]", _SCALAR),
    ('"' + GOOD.replace('"', '\\"') + '"', _SCALAR),
    ("{}", {**_SCALAR, "schema_types": "missing_key"} | {"types": ""}),
    ("null\n" + GOOD, {**_SCALAR, **around("second_document")}),
    ("NaN", unsound("nan")),
    ("01", unsound("syntax")),
]

TABLES = {
    "sound": SOUND,
    "around": AROUND,
    "brackets": BRACKETS,
    "broken": BROKEN,
    "cut": CUT,
    "no_value": NO_VALUE,
    "other_values": OTHER_VALUES,
}
