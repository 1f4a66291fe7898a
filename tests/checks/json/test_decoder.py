"""Strict decoding: what the interpreter's decoder lets through, and what it refuses."""

import json
from decimal import Decimal

import pytest

from harness.checks.json.decoder import (
    MAX_BUILT_DEPTH,
    NOT_A_NUMBER,
    decode,
    decode_deep,
    end_of_value,
    exact_number,
)

SOUND = [
    "0", "-0", "-1.5e+10", "1E400", "1e-400", '""', '"\\ud800"', '"\\u0041\\n\\/"', "true", "false",
    "null", "[]", "{}", "[ ]", "{ }", "[[]]", "[[],[]]", "[[[1]],2]", '{"a":{}}', '{"a":[]}',
    '{"a": {"b": [1, {"c": null}]}, "d": ""}', "[1 , 2\t,\r\n3 ]", '[{"a":1},{"a":2}]', "[ [ ] ]",
    '{"": 0}', '["\\"]"]', "[1]garbage", "[ [1] , [2] ]", "12345678901234567890",
]  # fmt: skip
UNSOUND = [
    "", "[", "{", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{]", '{"a"', '{"a":', '{"a":1',
    '{"a":1,', '{"a":1,}', '{"a" 1}', "{1:1}", "{,}", "-", "+1", ".5", "nul", "tru", "True", '"a',
    '"\\x"', '"\\u12"', '"\n"', "[[1]", "[[1}]", '{"a":[1}', "['a']", "NaN", "[Infinity]",
    "[-Infinity]", '{"a":NaN}', "\u0661", "\ufeff1", "[1,NaN", "/", "]", ":",
]  # fmt: skip


def outcome(decoder, text):
    try:
        decoded = decoder(text, 0)
    except json.JSONDecodeError as error:
        return error.pos, error.msg.startswith("Expecting") or error.msg
    return repr(decoded.value), decoded.end, decoded.has_duplicates


@pytest.mark.parametrize("text", SOUND + UNSOUND + ['{"a":1,"a":[2]}', '{"a":[{"b":1,"b":2}]}'])
def test_deep_decoder_agrees_with_the_quick_one(text):
    quick, deep = outcome(decode, text), outcome(decode_deep, text)
    if isinstance(quick[0], str):
        plain = decode_deep(text, 0).value
        assert plain == decode(text, 0).value
        assert quick[1:] == deep[1:]
    else:
        assert quick == deep


@pytest.mark.parametrize("text", SOUND)
def test_sound_values_decode_to_what_the_standard_library_says(text):
    value, end = json.JSONDecoder(parse_float=Decimal).raw_decode(text)
    decoded = decode(text, 0)
    assert (decoded.value, decoded.end) == (value, end)
    assert end_of_value(text, 0) == end


@pytest.mark.parametrize("text", UNSOUND)
def test_unsound_values_are_refused(text):
    with pytest.raises(json.JSONDecodeError):
        decode(text, 0)


@pytest.mark.parametrize(
    ("text", "position"),
    [("NaN", 0), ("[1, NaN]", 4), ('["NaN", -Infinity]', 8), ("[-1, Infinity]", 5)],
)
def test_no_number_is_found_where_it_stands(text, position):
    for decoder in (decode, decode_deep):
        with pytest.raises(json.JSONDecodeError, match=NOT_A_NUMBER) as caught:
            decoder(text, 0)
        assert caught.value.pos == position


def test_duplicates_are_seen_and_the_last_member_stays():
    decoded = decode('{"a": 1, "b": {"\\u0063": 1, "c": 2}, "a": 3}', 0)
    assert decoded.has_duplicates
    assert decoded.value == {"a": 3, "b": {"c": 2}}
    assert not decode('{"a": 1, "b": {"a": 1}}', 0).has_duplicates


@pytest.mark.parametrize("depth", [1000, 100_000])
def test_depth_has_no_limit(depth):
    arrays = "[" * depth + "]" * depth
    objects = '{"a":' * depth + "1" + "}" * depth
    assert decode(arrays, 0).end == end_of_value(arrays, 0) == len(arrays)
    assert decode(objects, 0).end == end_of_value(objects, 0) == len(objects)
    with pytest.raises(json.JSONDecodeError) as caught:
        decode(arrays[:-1], 0)
    assert caught.value.pos == len(arrays) - 1
    with pytest.raises(json.JSONDecodeError) as caught:
        decode(arrays[:-1] + "}", 0)
    assert caught.value.pos == len(arrays) - 1


def test_duplicates_are_seen_in_the_deep():
    text = "[" * 2000 + '{"a":1,"a":2}' + "]" * 2000
    assert decode(text, 0).has_duplicates


def test_values_are_built_down_to_the_limit_of_depth():
    text = "[7," * 2000 + "1" + "]" * 2000
    value, depth = decode(text, 0).value, 0
    while isinstance(value, list) and len(value) == 2:
        value, depth = value[1], depth + 1
    assert depth == MAX_BUILT_DEPTH
    assert value == []
    value, depth = decode('{"a":' * 2000 + "1" + "}" * 2000, 0).value, 0
    while isinstance(value, dict) and value["a"] is not None:
        value, depth = value["a"], depth + 1
    assert depth == MAX_BUILT_DEPTH


def test_repr_of_a_deep_value_does_not_recurse():
    assert repr(decode("[" * 2000 + "]" * 2000, 0).value) == "an array of 1"
    assert repr(decode('{"a":' * 2000 + "1" + "}" * 2000, 0).value) == "an object of 1"


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("1.10", Decimal("1.10")),
        ("1e3", Decimal("1e3")),
        ("-2.5E-3", Decimal("-0.0025")),
        ("0e99999999999999999999", Decimal(0)),
        ("1e99999999999999999999", Decimal("1e999999999999999999")),
        ("-1.5e99999999999999999999", Decimal("-1e999999999999999999")),
        ("1e-99999999999999999999", Decimal("1e-999999999999999999")),
        ("-1E-99999999999999999999", Decimal("-1e-999999999999999999")),
    ],
)
def test_numbers_are_exact(digits, value):
    found = exact_number(digits)
    assert found == value
    assert type(found) is type(value)
    assert decode(digits, 0).value == value


@pytest.mark.parametrize("count", [3999, 4000, 4001, 4299, 4300, 4301, 100_000])
def test_long_integers_are_exact(count):
    assert decode("1" * count, 0).value == Decimal("1" * count)
    assert decode("-" + "1" * count, 0).value == Decimal("-" + "1" * count)


def test_integers_are_decimals_where_the_interpreter_has_a_lower_limit(monkeypatch):
    import sys

    limit = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(640)
        assert exact_number("1" * 700) == Decimal("1" * 700)
        assert decode("[" + "1" * 700 + "]", 0).value == [Decimal("1" * 700)]
    finally:
        sys.set_int_max_str_digits(limit)


def test_end_of_value_minds_strings():
    assert end_of_value('x[1,"]",{"a":"\\"}"}] ]', 1) == 20
    assert end_of_value('"a]" ]', 0) == 4
    with pytest.raises(ValueError, match="not closed"):
        end_of_value("[[1]", 0)
