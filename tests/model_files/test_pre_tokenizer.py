"""Which name of llama.cpp a tokenizer's own rules come to, and which rules come to none."""

import pytest

from harness.core.errors import HarnessError
from harness.model_files.pre_tokenizer import GPT2, KNOWN, known_name, one_name, pre_tokenizer_name

LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
GPT2_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
# As the tokenizers of Qwen2.5 and Llama 3 write them.
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")


def rules(*steps, ignore_merges=False):
    pre = {"type": "Sequence", "pretokenizers": list(steps)}
    return {"pre_tokenizer": pre, "model": {"type": "BPE", "ignore_merges": ignore_merges}}


def split(regex, behavior="Isolated"):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": False}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (rules(GPT2_LEVEL), "gpt-2"),
        ({"pre_tokenizer": GPT2_LEVEL, "model": {}}, "gpt-2"),
        (rules(split(GPT2), LEVEL), "gpt-2"),
        (rules({"type": "Digits", "individual_digits": True}, GPT2_LEVEL), "smollm"),
        (rules(split(QWEN2), LEVEL), "qwen2"),
        (rules(split(QWEN2.replace(r"\p{N}|", r"\p{N}{1}|")), LEVEL), "qwen2"),
        (rules(split(QWEN2.replace(r"\r", "\r").replace(r"\n", "\n")), LEVEL), "qwen2"),
        (rules(split(LLAMA3), LEVEL, ignore_merges=True), "llama-bpe"),
        (rules(split(LLAMA3), LEVEL), "dbrx"),
        (rules({"type": "Sequence", "pretokenizers": [split(QWEN2), LEVEL]}), "qwen2"),
    ],
)
def test_rules_come_to_a_name(given, name):
    assert pre_tokenizer_name(given) == name


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (rules(split(r"\d+|\D+"), LEVEL), r"no pre-tokenizer that splits by"),
        (rules(split(QWEN2), LEVEL, ignore_merges=True), "with ignore_merges true"),
        (rules(split(QWEN2, "Removed"), LEVEL), "a split that drops text"),
        (rules(split(QWEN2, "MergedWithNext"), LEVEL), "a split of behavior MergedWithNext"),
        (rules(LEVEL, split(QWEN2)), "a step after ByteLevel"),
        (rules({"type": "Digits", "individual_digits": False}, GPT2_LEVEL), "splits by"),
        (rules({**GPT2_LEVEL, "add_prefix_space": True}), "a blank put before the text"),
        (rules({"type": "Whitespace"}, LEVEL), "a step of type Whitespace"),
        (rules(split(QWEN2)), "works on characters and not on bytes"),
        ({"pre_tokenizer": None, "model": {}}, "works on characters and not on bytes"),
    ],
)
def test_rules_that_llama_cpp_cannot_run_are_refused(given, reason):
    with pytest.raises(HarnessError, match=reason) as error:
        pre_tokenizer_name(given)
    assert "\n" not in str(error.value)


def test_no_two_names_stand_for_the_same_rules():
    assert len({(known.regexes, known.ignores_merges) for known in KNOWN}) == len(KNOWN)


def test_unknown_rules_have_no_name():
    assert known_name({"pre_tokenizer": None, "model": {}}) is None
    assert known_name({}) is None
    assert known_name({"pre_tokenizer": GPT2_LEVEL, "model": {}}) == "gpt-2"


def test_names_of_llama_cpp_for_one_set_of_rules_are_one():
    assert [one_name(n) for n in ("llama3", "llama-bpe", "tekken", None)] == [
        "llama-bpe",
        "llama-bpe",
        None,
        None,
    ]
