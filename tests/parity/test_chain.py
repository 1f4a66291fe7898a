"""Pairs that count as copies, and the requests of a run."""

from dataclasses import replace

import gguf
import pytest

from harness.core.modelref import ModelRef
from harness.model_files.provenance_keys import SOURCE_WEIGHTS_SHA256
from harness.parity.chain import is_copy, parity_of, requests_of
from tests.parity.records import AFTER, BEFORE, run, sample


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("adapter:a", "merged:m", True),
        ("merged:m", "gguf:f", True),
        ("gguf:f", "gguf:q", True),
        ("base:b", "adapter:a", False),
        ("base:b", "merged:m", False),
        ("adapter:a", "adapter:b", False),
        ("base:b", "gguf:nowhere", False),
    ],
)
def test_what_is_merged_or_converted_is_a_copy(before, after, expected):
    assert is_copy(ModelRef.parse(before), ModelRef.parse(after), "a" * 64) is expected


def test_a_gguf_of_the_base_itself_says_so(tmp_path):
    path = tmp_path / "b.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_string(SOURCE_WEIGHTS_SHA256, "a" * 64)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    base, after = ModelRef.parse("base:b"), ModelRef.parse(f"gguf:{path}")
    assert is_copy(base, after, "a" * 64)
    assert not is_copy(base, after, "b" * 64)
    assert not is_copy(base, after, None)


def test_every_request_is_asked_once():
    record = run(
        sample(BEFORE, "a", "x", (1,)), sample(AFTER, "a", "x", (1,)), sample(AFTER, "b", "x", (1,))
    )
    assert [r.key for r in requests_of(record)] == ["echo/a/0", "echo/b/0"]


def test_a_model_that_did_not_answer_is_passed_over():
    record = run(
        sample(BEFORE, "a", "x", (1,)),
        sample("gguf:q", "a", "x", (1,)),
        models=(BEFORE, AFTER, "gguf:q"),
    )
    before, broken, last = record.models
    record = replace(record, models=(before, replace(broken, error="it broke"), last))
    (pair,) = parity_of(record, {}, ()).pairs
    assert (pair.before, pair.after) == (BEFORE, "gguf:q")
    assert pair.answers[0].identical == 1
    assert pair.notes == (
        f"not measured: {BEFORE} was not opened", "not measured: gguf:q was not opened",
    )  # fmt: skip
