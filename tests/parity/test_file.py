"""``parity.json``: a round trip, and one-line errors for files that do not fit the schema."""

import json

import pytest

from harness.core.errors import HarnessError
from harness.parity.file import PARITY_FILE, read_parity, write_parity
from tests.parity.records import parity


def test_what_was_written_is_read(tmp_path):
    path = write_parity(parity("\ud800\x00\u202e"), tmp_path)
    assert path == tmp_path / PARITY_FILE
    assert read_parity(tmp_path) == parity("\ud800\x00\u202e")
    assert [p.name for p in tmp_path.iterdir()] == [PARITY_FILE]


def test_without_a_file_there_is_nothing(tmp_path):
    assert read_parity(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "schema_version None is unknown"),
        ('{"schema_version": 2}', "schema_version 2 is unknown"),
        ('{"schema_version": true}', "schema_version True is unknown"),
        ('{"schema_version": 1}', "run: "),
        ('{"schema_version": 1, "run": "x", "models": 3, "pairs": []}', "models: "),
        ("{" * 100_000, "parity.json:1: "),
        ("\xff", "parity.json:1: "),
    ],
)
def test_what_a_stranger_wrote_is_refused(tmp_path, text, said):
    (tmp_path / PARITY_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(HarnessError, match=said):
        read_parity(tmp_path)


def test_a_number_that_is_none_is_refused(tmp_path):
    write_parity(parity(), tmp_path)
    path = tmp_path / PARITY_FILE
    path.write_text(path.read_text("utf-8").replace("0.25", "NaN"), "utf-8")
    with pytest.raises(HarnessError, match="NaN"):
        read_parity(tmp_path)


def test_the_file_is_plain_json(tmp_path):
    found = json.loads(write_parity(parity(), tmp_path).read_text("utf-8"))
    assert found["schema_version"] == 1
    assert found["pairs"][0]["answers"][0]["divergences"][0]["margin_before"] == 0.25
