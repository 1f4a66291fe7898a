"""Adapters made by peft agree with peft however they are run, or are refused: a part of the table
in ``docs/models.md``."""

import pytest

import harness.export.to_gguf
from benchmarks.adapter_kinds import KINDS, WAYS, Kind, Result, compare, table
from harness.export.tokenizer.tokenizer_reading import load_tokenizer
from tests.export.exporting import merge_in_this_process

pytest.importorskip("llama_cpp")
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
TOLERANCE = 1e-4
GPT2_TOLERANCE = 3e-4
"""llama.cpp computes GELU from a table in float16."""


@pytest.fixture
def results(tmp_path, monkeypatch):
    """``results("head", "tied")``: what becomes of this kind, by way."""
    merge_in_this_process(monkeypatch)
    monkeypatch.setattr(harness.export.to_gguf, "read_tokenizer", load_tokenizer)
    return lambda kind, base: compare(kind, base, tmp_path)


def agreeing(result):
    """Ways that agree with peft; all others are refused."""
    limit = GPT2_TOLERANCE if result.base == "gpt2" else TOLERANCE
    differences = {way: d for way, d in result.ways.items() if isinstance(d, float)}
    assert all(difference <= limit for difference in differences.values()), result
    return tuple(differences)


WHOLE = WAYS[:3]
QUICK = [
    ("embedding", "tied", WHOLE),
    ("head", "tied", WHOLE),
    ("tying", "tied", WHOLE),
    ("gpt2_embedding", "gpt2", WHOLE),
    ("added", "tied", WHOLE),
    ("added_rows", "tied", WHOLE),
    ("added_unsaved", "tied", ()),
    ("revision", "tied", WAYS),
]
FOREIGN = ["no_prefix", "fsdp", "compiled", "outer", "wrapped_layer", "named", "half", "more"]


@pytest.mark.parametrize(("kind", "base", "ways"), QUICK)
def test_a_kind_agrees_with_peft_or_is_refused(kind, base, ways, results):
    result = results(kind, base)
    assert agreeing(result) == ways, result
    assert bool(result.doctor) == (ways == ())


@pytest.mark.parametrize("kind", FOREIGN)
def test_names_that_peft_would_not_apply_are_refused_alike(kind, results):
    result = results(kind, "tied")
    assert agreeing(result) == ()
    (sentence,) = result.doctor
    assert all(sentence in str(refusal) for refusal in result.ways.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "base"), [(name, base) for name, kind in KINDS.items() for base in kind.bases]
)
def test_every_kind_agrees_with_peft_or_is_refused(kind, base, results):
    agreeing(results(kind, base))


def test_bases_of_which_the_same_is_said_share_a_row(monkeypatch):
    monkeypatch.setitem(KINDS, "made up", Kind("`made_up`"))
    ways = dict.fromkeys(WAYS, 2e-6)
    refused = {**ways, "LoRA GGUF": ": has use_dora, which it cannot hold: export the whole model"}
    rows = [Result("tied", ways, ()), Result("untied", {**ways, "GGUF": 3e-6}, ())]
    text = table({"made up": [*rows, Result("gpt2", refused, ())]})
    assert "| `made_up` | tied, untied | 2e-6 | 2e-6 | 3e-6 | 2e-6 |" in text
    assert "| `made_up` | gpt2 | 2e-6 | 2e-6 | 3e-6 | refused (1) |" in text
    assert text.endswith("1. has use_dora, which it cannot hold\n")
