"""Rows are tokenized exactly as the harness generates and stops."""

import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.engine.prompt import encode, render
from tests.trainers.conftest import CHATML, DIALOGPT, make_tokenizer
from trainers.data.rows import (
    IGNORED,
    TrainingRow,
    encode_row,
    encode_rows,
    ending_token,
)

ASK = (Message("user", "Give name."),)
ENDINGS = [(CHATML, "<|im_end|>"), (DIALOGPT, "<|endoftext|>"), (None, "<|endoftext|>")]


@pytest.mark.parametrize(("template", "eos"), ENDINGS)
def test_prompt_is_the_harness_own_and_the_ending_comes_once(
    template: str | None, eos: str
) -> None:
    tokenizer = make_tokenizer(template, eos)
    stops = frozenset([tokenizer.eos_token_id])
    ending = ending_token(tokenizer, stops)
    prompt, completion = encode_row(
        tokenizer, TrainingRow(ASK, '{"name": 1}', "f:1"), ending, stops
    )
    assert prompt == encode(tokenizer, render(tokenizer, ASK))
    assert tokenizer.decode(completion) == '{"name": 1}' + eos
    assert completion.count(tokenizer.eos_token_id) == 1
    assert completion[-1] == tokenizer.eos_token_id


def test_what_the_template_is_told_is_in_the_prompt_that_is_trained_on() -> None:
    tokenizer = make_tokenizer(CHATML + "{{ style }}")
    row, told = TrainingRow(ASK, "x", "f:1"), (("style", "a"),)
    prompt, _ = encode_row(tokenizer, row, 2, frozenset([2]), told)
    assert prompt == encode(tokenizer, render(tokenizer, ASK, told))
    assert prompt != encode_row(tokenizer, row, 2, frozenset([2]))[0]


def test_an_ending_written_into_the_data_is_not_doubled() -> None:
    tokenizer = make_tokenizer(CHATML)
    row = TrainingRow(ASK, "a<|im_end|>", "f:1")
    _, completion = encode_row(tokenizer, row, 2, frozenset([2]))
    assert tokenizer.decode(completion) == "a<|im_end|>"


def test_an_ending_inside_a_completion_is_refused() -> None:
    row = TrainingRow(ASK, "a<|im_end|>b", "f:7")
    with pytest.raises(HarnessError, match=r"f:7: the completion holds <\|im_end\|>, at which"):
        encode_row(make_tokenizer(CHATML), row, 2, frozenset([2]))


def test_the_template_ending_wins_where_the_base_stops_at_it() -> None:
    """Gemma's tokenizer ends with <eos>, its turns with <end_of_turn>, and it stops at both.

    Qwen2's base model has a ChatML template too, but stops at <|endoftext|> alone.
    """
    tokenizer = make_tokenizer(CHATML, eos="<|endoftext|>")
    assert ending_token(tokenizer, frozenset([0, 2])) == 2
    assert ending_token(tokenizer, frozenset([0])) == 0


def test_a_tokenizer_without_an_ending_is_refused() -> None:
    tokenizer = make_tokenizer(None)
    tokenizer.eos_token = None
    with pytest.raises(HarnessError, match="has no eos_token"):
        ending_token(tokenizer, frozenset())


def test_a_token_across_the_boundary_keeps_the_prompt_tokens() -> None:
    """`am` + `ount` is one token when written in one go; at generation the prompt's come first."""
    tokenizer = make_tokenizer(None, "<|endoftext|>")
    both, alone = encode(tokenizer, "Give amount"), encode(tokenizer, "Give am")
    assert both[: len(alone)] != alone
    prompt, completion = encode_row(
        tokenizer, TrainingRow("Give am", "ount", "f:1"), 0, frozenset([0])
    )
    assert prompt == encode(tokenizer, "Give am")
    assert tokenizer.decode(completion) == "ount<|endoftext|>"


def test_rows_that_do_not_fit_are_left_out_whole_and_counted() -> None:
    tokenizer = make_tokenizer(CHATML)
    rows = [TrainingRow(ASK, "a" * length, "f:1") for length in (2, 400, 3)]
    prompt = len(encode(tokenizer, render(tokenizer, ASK)))
    encoded = encode_rows(tokenizer, rows, prompt + 4, 2, frozenset([2]))
    assert [len(r["input_ids"]) for r in encoded.rows] == [prompt + 3, prompt + 4]
    assert (encoded.too_long, encoded.longest) == (1, prompt + 401)
    assert encoded.trained_tokens == 3 + 4
    for row in encoded.rows:
        assert row["labels"][:prompt] == [IGNORED] * prompt
        assert row["labels"][prompt:] == row["input_ids"][prompt:]


def test_a_conversation_that_the_template_refuses_is_named() -> None:
    template = "{{ raise_exception('System role not supported') }}"
    row = TrainingRow(ASK, "a", "f:3")
    with pytest.raises(HarnessError, match=r"f:3: the base's chat template refuses .*System role"):
        encode_row(make_tokenizer(template), row, 2, frozenset([2]))


def test_plain_prompts_are_counted_where_the_base_has_a_template() -> None:
    row = TrainingRow("q", "a", "f:1")
    stops = frozenset([2])
    assert encode_rows(make_tokenizer(CHATML), [row], 64, 2, stops).plain_prompts == 1
    assert encode_rows(make_tokenizer(None), [row], 64, 2, stops).plain_prompts == 0
