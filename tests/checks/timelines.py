"""A second table: timelines of a game, with clocks, enumerations, arrays and a wider schema.

As in ``payments``: a row is a completion and the behaviors that fail, with their code.
"""

PROMPT = (
    "Posts: <Q1 02:03> So bad: three by Thornton. <Q2 07:51> block by Esposito. <OT 00:10> win!"
)
REFERENCE = {
    "timeline": [
        {"ts": "Q1 02:03", "event": "three by Thornton", "mood": "bad"},
        {"ts": "Q2 07:51", "event": "block by Esposito", "mood": "good"},
    ]
}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "timeline": {
            "type": "array",
            "minItems": 1,
            "maxItems": 4,
            "items": {"$ref": "#/$defs/post"},
        },
        "score": {"type": ["integer", "null"], "minimum": 0, "multipleOf": 1},
        "id": {"type": "string", "pattern": "^\\p{Lu}{2}-\\d+$"},
        "by": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    },
    "required": ["timeline"],
    "patternProperties": {"^x-": {"type": "string"}},
    "additionalProperties": False,
    "$defs": {
        "post": {
            "type": "object",
            "properties": {
                "ts": {"type": "string"},
                "event": {"type": "string", "minLength": 1, "maxLength": 40},
                "mood": {"enum": ["good", "mixed", "bad"]},
            },
            "required": ["ts", "event", "mood"],
            "additionalProperties": False,
        }
    },
}
TIMESTAMPS = {"/timeline/*/ts": {"kind": "game_clock", "order": "nondecreasing"}}
GROUNDED = ["/timeline/*/ts", "/timeline/*/event"]
EXACT = ["/timeline/*/mood"]

FIRST = '{"ts": "Q1 02:03", "event": "three by Thornton", "mood": "bad"}'
SECOND = '{"ts": "Q2 07:51", "event": "block by Esposito", "mood": "good"}'
GOOD = '{"timeline": [' + FIRST + ", " + SECOND + "]}"


def timeline(*posts: str) -> str:
    return '{"timeline": [' + ", ".join(posts) + "]}"


def with_clock(clock: str) -> str:
    """The second post at another time."""
    return timeline(FIRST, SECOND.replace("Q2 07:51", clock))


def with_member(member: str) -> str:
    return GOOD[:-1] + ", " + member + "}"


_SCHEMA_OTHER = {"schema_types": "schema_other"}
_TYPE = {"schema_types": "wrong_type", "types": "wrong_type"}
_NUMBER = {"schema_types": "number_as_string", "types": "number_as_string"}
_CLOCK = {"timestamp_sanity": "bad_clock", "grounding": "ungrounded"}
_NOT_THERE = {"grounding": "ungrounded"}
_MISSING = {"schema_types": "missing_key", "required_keys": "missing_key"}

ROWS: list[tuple[str, dict[str, str]]] = [
    (GOOD, {}),
    (with_clock("OT 00:10"), {}),
    (with_clock("Q4 00:00"), _NOT_THERE),
    (with_clock("Q4 12:00"), _NOT_THERE),
    (with_clock("Q4 12:01"), _CLOCK),
    (with_clock("Q4 11:60"), _CLOCK),
    (with_clock("Q4 13:00"), _CLOCK),
    (with_clock("OT 05:00"), _NOT_THERE),
    (with_clock("OT 05:01"), _CLOCK),
    (with_clock("OT2 04:59"), _NOT_THERE),
    (with_clock("OT6 04:59"), _NOT_THERE),
    (with_clock("OT7 04:59"), _CLOCK),
    (with_clock("OT10 04:59"), _CLOCK),
    (with_clock("OT114 00:20"), _CLOCK),
    (with_clock("OT1 04:59"), _CLOCK),
    (with_clock("OT0 04:59"), _CLOCK),
    (with_clock("OT02 04:59"), _CLOCK),
    (with_clock("Q5 01:00"), _CLOCK),
    (with_clock("Q0 01:00"), _CLOCK),
    (with_clock("Q 01:00"), _CLOCK),
    (with_clock("q2 07:51"), {"timestamp_sanity": "bad_clock"}),
    (with_clock("Q2 7:51"), _CLOCK),
    (with_clock("Q2  07:51"), {"timestamp_sanity": "bad_clock"}),
    (with_clock("Q2 07:51 "), {"timestamp_sanity": "bad_clock"}),
    (with_clock("Q207:51"), _CLOCK),
    (with_clock("Q2-07:51"), _CLOCK),
    (with_clock("07:51"), {"timestamp_sanity": "bad_clock"}),
    (with_clock("Q2 07:51:00"), _CLOCK),
    (with_clock("Q2 0\u0667:51"), _CLOCK),
    (with_clock("\uff31\uff12 07:51"), {"timestamp_sanity": "bad_clock"}),
    (with_clock("Q1 02:04"), {"timestamp_sanity": "bad_clock", "grounding": "ungrounded"}),
    (with_clock("Q1 02:03"), {}),
    (timeline(SECOND, FIRST), {"timestamp_sanity": "bad_clock", "exact_fields": "wrong_value"}),
    (timeline(FIRST), {"exact_fields": "missing_key"}),
    (timeline(FIRST, SECOND, SECOND), {"exact_fields": "wrong_value"}),
    (timeline(), _SCHEMA_OTHER | {"exact_fields": "missing_key"}),
    (
        timeline(FIRST, SECOND, SECOND, SECOND, SECOND),
        _SCHEMA_OTHER | {"exact_fields": "wrong_value"},
    ),
    (
        timeline(FIRST, SECOND.replace('"good"', '"happy"')),
        {"schema_types": "not_in_enum", "exact_fields": "wrong_value"},
    ),
    (
        timeline(FIRST, SECOND.replace('"good"', "null")),
        {"schema_types": "not_in_enum", "exact_fields": "wrong_value"},
    ),
    (
        timeline(FIRST, SECOND.replace('"good"', '"Good"')),
        {"schema_types": "not_in_enum", "exact_fields": "wrong_value"},
    ),
    (
        timeline(FIRST, SECOND.replace(', "mood": "good"', "")),
        {**_MISSING, "exact_fields": "missing_key"},
    ),
    (
        timeline(FIRST, SECOND.replace('"ts"', '"time"')),
        {**_MISSING, "timestamp_sanity": "missing_key", "grounding": "missing_key"},
    ),
    (timeline(FIRST, SECOND[:-1] + ', "fan": "x"}'), {"schema_types": "unexpected_key"}),
    (
        timeline(FIRST, '"block by Esposito"'),
        {
            **_TYPE,
            "required_keys": "missing_key",
            "timestamp_sanity": "missing_key",
            "grounding": "missing_key",
            "exact_fields": "missing_key",
        },
    ),
    (
        '{"timeline": ' + FIRST + "}",
        {
            **_TYPE,
            "timestamp_sanity": "missing_key",
            "grounding": "missing_key",
            "exact_fields": "missing_key",
        },
    ),
    (timeline(FIRST, SECOND.replace("block by Esposito", "")), _SCHEMA_OTHER),
    (
        timeline(FIRST, SECOND.replace("block by Esposito", "block " * 9)),
        {**_SCHEMA_OTHER, **_NOT_THERE},
    ),
    (timeline(FIRST, SECOND.replace("Esposito", "Thornton")), _NOT_THERE),
    (timeline(FIRST, SECOND.replace("block by Esposito", "win")), {}),
    (
        timeline(FIRST, SECOND.replace('"ts": "Q2 07:51"', '"ts": 751')),
        {**_TYPE, "timestamp_sanity": "bad_clock", "grounding": "ungrounded"},
    ),
    (with_member('"score": 3'), {}),
    (with_member('"score": 3.0'), {}),
    (with_member('"score": 3e0'), {}),
    (with_member('"score": 12345678901234567890123456789'), {}),
    (with_member('"score": null'), {}),
    (with_member('"score": 3.5'), _TYPE),
    (with_member('"score": true'), _TYPE),
    (with_member('"score": "3"'), _NUMBER),
    (with_member('"score": "three"'), _TYPE),
    (with_member('"score": -1'), _SCHEMA_OTHER),
    (with_member('"id": "AB-12"'), {}),
    (with_member('"id": "\u00c4\u00d6-12"'), {}),
    (with_member('"id": "ab-12"'), _SCHEMA_OTHER),
    (with_member('"id": "AB-12\\n"'), _SCHEMA_OTHER),
    (with_member('"id": "AB-\u0661"'), _SCHEMA_OTHER),
    (with_member('"id": "\U0001d400\U0001d401-1"'), {}),
    (with_member('"by": 2'), {}),
    (with_member('"by": null'), {}),
    (with_member('"by": "2"'), _NUMBER),
    (with_member('"by": "two"'), _TYPE),
    (with_member('"by": []'), _TYPE),
    (with_member('"x-note": "a"'), {}),
    (with_member('"x-note": 1'), _TYPE),
    (with_member('"note": "a"'), {"schema_types": "unexpected_key"}),
    (with_member('"timeline": ' + GOOD[13:-1]), {"duplicate_keys": "duplicate_key"}),
    ("Sure!\n" + GOOD, {"json_validity": "text_before", "no_extra_text": "text_before"}),
    (GOOD + "\n" + GOOD, {"json_validity": "second_document", "no_extra_text": "second_document"}),
    (
        GOOD + "]}]}]}",
        {
            "json_validity": "bracket_loop",
            "no_extra_text": "text_after",
            "bracket_repetition": "bracket_loop",
        },
    ),
]
