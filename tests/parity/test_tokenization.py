"""Comparison of two tokenizations: the differences and their first position."""

from dataclasses import replace

from harness.engine.tokenization import Prompt, Token, Tokenization, Vocabulary
from harness.parity.tokenization import (
    compare_tokenizations,
    first_difference,
    format_mismatch,
    format_setting,
)

VOCABULARY = Vocabulary(
    size=10,
    logits=12,
    bos=None,
    eos=Token(2, "<|end|>"),
    pad=Token(0, "<|pad|>"),
    end_ids=(2,),
    has_bos_added=False,
    chat_template="{{ x }}",
    context=64,
)
PROMPT = Prompt("t/a/0", "Hello you", (5, 6, 7))
READING = Tokenization(VOCABULARY, (PROMPT,), {5: "Hel", 6: "lo", 7: " you", 8: "lo you"})
NAMED = {"t/a/0": ("t", "a")}


def compared(after=READING, before=READING):
    return compare_tokenizations(before, after, NAMED)


def with_prompt(**changes):
    return replace(READING, prompts=(replace(PROMPT, **changes),))


def test_a_reading_is_as_itself():
    found = compared()
    assert found.is_same
    assert (found.prompts, found.mismatched, found.settings) == (1, 0, ())


def test_the_first_other_token_is_named_with_both_ids_and_texts():
    found = compared(with_prompt(token_ids=(5, 8)))
    assert not found.is_same
    (mismatch,) = found.mismatches
    assert (
        format_mismatch(mismatch) == "a: other tokens, token 1: 'lo' (6) before, 'lo you' (8) after"
    )


def test_a_token_less_is_told():
    (mismatch,) = compared(with_prompt(token_ids=(5, 6))).mismatches
    assert format_mismatch(mismatch) == "a: other tokens, token 2: ' you' (7) before, nothing after"


def test_another_text_is_told_by_its_first_other_character():
    (mismatch,) = compared(with_prompt(text="Hello\nyou", token_ids=(1, 2))).mismatches
    assert (
        format_mismatch(mismatch) == "a: another prompt, character 5: ' you' before, '␊you' after"
    )


def test_another_text_of_the_same_tokens_is_the_same_prompt():
    assert compared(with_prompt(text="Hello you\u0301")).is_same


def test_a_template_that_fails_on_one_side_is_told():
    (mismatch,) = compared(with_prompt(text="", token_ids=(), error="no such role")).mismatches
    assert format_mismatch(mismatch) == "a: no prompt: a prompt before, no such role after"


def test_a_template_that_fails_alike_is_alike():
    failing = with_prompt(text="", token_ids=(), error="no such role")
    assert compared(failing, failing).is_same


def test_only_requests_that_count_are_compared():
    assert compare_tokenizations(READING, with_prompt(token_ids=(9,)), {}).prompts == 0


def settings_after(**changes):
    after = replace(READING, vocabulary=replace(VOCABULARY, **changes))
    return {s.name: (format_setting(s), s.is_wrong) for s in compared(after).settings}


def test_an_end_that_was_lost_is_wrong_and_one_more_is_not():
    lost, more = settings_after(end_ids=(3,)), settings_after(end_ids=(0, 2))
    assert lost == {"end of answer": ("end of answer: 2 before, 3 after", True)}
    assert more == {"end of answer": ("end of answer: 2 before, 0, 2 after", False)}


def test_fewer_logits_than_tokens_are_wrong():
    assert settings_after(size=9, logits=9)["vocabulary"][1]
    assert not settings_after(size=12)["vocabulary"][1]


def test_special_tokens_and_template_are_told():
    found = settings_after(eos=None, bos=Token(1, "<s>"), chat_template="{{ y }}")
    assert found["EOS"] == ("EOS: <|end|> (2) before, none after", False)
    assert found["BOS"] == ("BOS: none before, <s> (1) after", False)
    assert found["chat template"] == ("chat template: 'x }}' before, 'y }}' after", False)
    assert settings_after(chat_template=None)["chat template"][0].endswith(
        "there is one before, none after"
    )


def test_the_first_difference():
    assert first_difference("abc", "abd") == 2
    assert first_difference("ab", "abc") == 2
    assert first_difference("", "") is None


def test_another_pre_tokenizer_is_wrong_where_both_are_known():
    def named(name):
        return replace(READING, vocabulary=replace(VOCABULARY, pre_tokenizer=name))

    (setting,) = compared(named("gpt-2"), named("smollm")).settings
    assert setting.is_wrong
    assert format_setting(setting) == "pre-tokenizer: smollm before, gpt-2 after"
    assert compared(named(None), named("smollm")).settings == ()
