"""The second part of the table of payments: values that are sound JSON and wrong.

See ``payments`` for what a row is.
"""

from tests.checks.payments import GOOD, OPEN, value

KEYS: list[tuple[str, dict[str, str]]] = [
    (
        '{"name": "Ada Byron", "date": "2024-03-05"}',
        {
            "schema_types": "missing_key",
            "required_keys": "missing_key",
            "grounding": "missing_key",
            "exact_fields": "missing_key",
        },
    ),
    (
        '{"name": "Ada Byron", "amount": 1047.2}',
        {
            "schema_types": "missing_key",
            "required_keys": "missing_key",
            "timestamp_sanity": "missing_key",
            "grounding": "missing_key",
            "exact_fields": "missing_key",
        },
    ),
    (
        GOOD.replace("name", "Name"),
        {
            "schema_types": "missing_key",
            "required_keys": "missing_key",
            "grounding": "missing_key",
            "exact_fields": "missing_key",
        },
    ),
    (
        '{"payment": ' + GOOD + "}",
        {
            "schema_types": "missing_key",
            "required_keys": "missing_key",
            "timestamp_sanity": "missing_key",
            "grounding": "missing_key",
            "exact_fields": "missing_key",
        },
    ),
    (OPEN + ', "currency": "USD"}', {"schema_types": "unexpected_key"}),
    (OPEN + ', "": null}', {"schema_types": "unexpected_key"}),
    (OPEN + ', "amount": 1047.2}', {"duplicate_keys": "duplicate_key"}),
    (OPEN + ', "amount": 3}', {"duplicate_keys": "duplicate_key", "exact_fields": "wrong_value"}),
    (OPEN + ', "\\u0061mount": 1047.2}', {"duplicate_keys": "duplicate_key"}),
    (
        OPEN + ', "x": {"y": 1, "y": 2}}',
        {"schema_types": "unexpected_key", "duplicate_keys": "duplicate_key"},
    ),
    (OPEN + ', "x": {"name": 1}}', {"schema_types": "unexpected_key"}),
    (OPEN + ', "amount ": 1047.2}', {"schema_types": "unexpected_key"}),
]

_QUOTED = {
    "schema_types": "number_as_string",
    "types": "number_as_string",
    "exact_fields": "wrong_value",
}
_TYPED = {"schema_types": "wrong_type", "types": "wrong_type", "exact_fields": "wrong_value"}
TYPES: list[tuple[str, dict[str, str]]] = [
    (value(amount='"1047.20"'), _QUOTED),
    (value(amount='"$1,047.20"'), _QUOTED),
    (value(amount='"1047.2 USD"'), _QUOTED),
    (value(amount='"-1047.2"'), {**_QUOTED, "grounding": "ungrounded"}),
    (value(amount='"a lot"'), {**_TYPED, "grounding": "ungrounded"}),
    (value(amount='""'), _TYPED),
    (value(amount="null"), _TYPED),
    (value(amount="true"), _TYPED),
    (value(amount="[1047.2]"), _TYPED),
    (value(amount='{"value": 1047.2}'), _TYPED),
    (GOOD.replace('"Ada Byron"', "3"), _TYPED),
    (GOOD.replace('"Ada Byron"', "null"), _TYPED),
    (value(name=""), {"schema_types": "schema_other", "exact_fields": "wrong_value"}),
    (
        GOOD.replace('"2024-03-05"', "20240305"),
        {**_TYPED, "timestamp_sanity": "bad_date", "grounding": "ungrounded"},
    ),
]

_BAD_DATE = {"timestamp_sanity": "bad_date", "exact_fields": "wrong_value"}
_INVENTED = {"grounding": "ungrounded", "exact_fields": "wrong_value"}
DATES: list[tuple[str, dict[str, str]]] = [
    (value(date="2024-02-30"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2023-02-29"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2024-02-29"), _INVENTED),
    (value(date="1900-02-29"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2000-02-29"), _INVENTED),
    (value(date="2024-13-05"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2024-00-05"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2024-03-00"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2024-04-31"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="0000-03-05"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="2024-3-5"), _BAD_DATE),
    (value(date="24-03-05"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (value(date="20240305"), _BAD_DATE),
    (value(date="2024/03/05"), _BAD_DATE),
    (value(date="05.03.2024"), _BAD_DATE),
    (value(date="March 5, 2024"), _BAD_DATE),
    (value(date="5 March 2024"), _BAD_DATE),
    (value(date="2024-03-05 "), _BAD_DATE),
    (value(date=" 2024-03-05"), _BAD_DATE),
    (value(date="2024-03-05\\n"), _BAD_DATE),
    (value(date="+2024-03-05"), {**_BAD_DATE, "grounding": "ungrounded"}),
    (
        value(date="\u0662\u0660\u0662\u0664-\u0660\u0663-\u0660\u0665"),
        {**_BAD_DATE, "grounding": "ungrounded"},
    ),
    (value(date="\uff12024-03-05"), _BAD_DATE),
    (value(date="2024-03-05T10:00:00Z"), {"exact_fields": "wrong_value"}),
    (value(date="2024-03-05t10:00:00.5+02:00"), {"exact_fields": "wrong_value"}),
    (value(date="2024-03-05T23:59:60Z"), {"exact_fields": "wrong_value"}),
    (value(date="2024-03-05T12:00:60Z"), _BAD_DATE),
    (value(date="2024-03-05T24:00:00Z"), _BAD_DATE),
    (value(date="2024-03-05T10:60:00Z"), _BAD_DATE),
    (value(date="2024-03-05T10:00:00"), _BAD_DATE),
    (value(date="2024-03-05T10:00Z"), _BAD_DATE),
    (value(date="2024-03-05T10:00:00+24:00"), _BAD_DATE),
    (value(date="2024-03-05 10:00:00Z"), _BAD_DATE),
    (value(date=""), _BAD_DATE),
    (value(date="N/A"), {**_BAD_DATE, "grounding": "ungrounded"}),
]

GROUNDING: list[tuple[str, dict[str, str]]] = [
    (value(name="Grace Hopper"), _INVENTED),
    (value(name="Ada Byro"), _INVENTED),
    (value(name="da Byron"), _INVENTED),
    (value(name="Ada  Byron"), {"exact_fields": "wrong_value"}),
    (value(name="ADA BYRON"), {"exact_fields": "wrong_value"}),
    (value(name="Byron"), {"exact_fields": "wrong_value"}),
    (value(name="Byron Ada"), _INVENTED),
    (value(name="\uff21da Byron"), {"exact_fields": "wrong_value"}),
    (value(date="2024-03-06"), _INVENTED),
    (value(date="2024-05-03"), _INVENTED),
    (value(amount="1047"), _INVENTED),
    (value(amount="1047.02"), _INVENTED),
    (value(amount="-1047.2"), _INVENTED),
    (value(amount="47.2"), _INVENTED),
    (value(amount="10472"), _INVENTED),
    (value(amount="3"), {"exact_fields": "wrong_value"}),
    (value(amount="1047.20000000000000001"), _INVENTED),
    (value(amount="1e400"), _INVENTED),
    (value(amount="9" * 5000), _INVENTED),
    (value(name="\\ud800"), _INVENTED),
    (value(name="\ud800"), _INVENTED),
    (value(name="\u202eAda"), _INVENTED),
]

TABLES = {
    "keys": KEYS,
    "types": TYPES,
    "dates": DATES,
    "grounding": GROUNDING,
}
