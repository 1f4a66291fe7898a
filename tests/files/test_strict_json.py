"""JSON that is refused although Python's own reader takes it, and how each message reads."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.files.strict_json import (
    NotJson,
    UnreadableFile,
    damaged,
    decode,
    parse_json,
    parse_object,
    read_object,
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"NaN", "NaN is no JSON number that a float can hold"),
        (b"[-Infinity]", "-Infinity is no JSON number"),
        (b"1e999", "1e999 is no JSON number"),
        (b"9" * 5000, "Exceeds the limit"),
        (b"[" * 100_000, "JSON nested too deep"),
        (b'"\xff"', "'utf-8' codec can't decode"),
        (b'"\xed\xa0\x80"', "'utf-8' codec can't decode"),
        (b"\xef\xbb\xbf1", "Expecting value in column 1"),
        (b"1 2", "Extra data in column 3"),
        (b"", "Expecting value in column 1"),
    ],
)
def test_what_is_no_json_is_refused(text, what):
    with pytest.raises(NotJson, match=what):
        decode(text)


def test_a_lone_surrogate_survives_as_its_escape():
    assert decode(rb'"\ud800"') == "\ud800"


def test_a_mistake_has_its_line():
    with pytest.raises(NotJson) as caught:
        decode(b"{\n\n]")
    assert caught.value.line == 3


def test_a_line_of_a_record_is_counted_from_its_file():
    with pytest.raises(HarnessError, match=r"^a\.jsonl:8: Expecting value in column 1, the record"):
        parse_json(b"\n]", Path("a.jsonl"), 7)


def test_many_mistakes_are_counted():
    mistakes = damaged([f"f:{n}: wrong" for n in range(7)]).mistakes
    assert len(mistakes) == 6
    assert mistakes[-1] == "... and 2 more mistakes"


def test_a_model_file_is_an_object(tmp_path):
    assert read_object(tmp_path / "none.json") == {}
    assert parse_object(b'{"a": 1}') == {"a": 1}
    with pytest.raises(UnreadableFile, match="holds no JSON object"):
        parse_object(b"[]")
    with pytest.raises(UnreadableFile, match=r"is no JSON \(Expecting value in column 6, line 1\)"):
        parse_object(b'{"a":')


def test_a_model_file_that_would_fill_the_memory_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.files.strict_json.MAX_BYTES", 3)
    (tmp_path / "f.json").write_text('{"a": 1}')
    with pytest.raises(UnreadableFile, match="is larger than"):
        read_object(tmp_path / "f.json")


def test_a_key_that_stands_twice_is_refused_where_that_is_asked_for() -> None:
    twice = b'{"a": {"b": 1, "b": 2}}'
    assert decode(twice) == {"a": {"b": 2}}
    with pytest.raises(NotJson, match="the key 'b' stands twice in one object"):
        decode(twice, has_unique_keys=True)
