"""Preference rows are read strictly; a rejected answer is encoded as it was generated."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.engine.prompt import encode, render
from tests.trainers.conftest import CHATML, make_tokenizer
from trainers.data.pairs import PreferenceRow, encode_pairs
from trainers.data.reading import read_pairs

ASK = (Message("user", "Give name."),)
USER, GOOD, BAD = (
    {"role": "user", "content": "q"},
    {"role": "assistant", "content": "good"},
    {"role": "assistant", "content": "bad"},
)
PAIR = {"prompt": "q", "chosen": "good", "rejected": "bad"}
END = 2
STOPS = frozenset([END])


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def encoded(row: PreferenceRow, **options: Any) -> Any:
    """The only row of the encoding, and the encoding."""
    found = encode_pairs(make_tokenizer(CHATML), [row], 400, END, STOPS, **options)
    (only,) = found.rows
    return only, found


def test_answers_are_text_or_a_message_and_the_rest_of_a_row_is_ignored(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD], "case": "a", "codes": {}},
        "",
        {**PAIR, "rejected_ids": [5, 2], "is_cut": True},
        {**PAIR, "rejected_ids": None, "is_cut": None},
    )
    rows, file = read_pairs(path)
    asked = (Message("user", "q"),)
    assert rows == [
        PreferenceRow(asked, "good", "bad", f"{path}:1"),
        PreferenceRow("q", "good", "bad", f"{path}:3", (5, 2), True),
        PreferenceRow("q", "good", "bad", f"{path}:4"),
    ]
    assert file.rows == 3
    assert len(read_pairs(path, 2)[0]) == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "not valid JSON"),
        ({"chosen": "a", "rejected": "b"}, "has no prompt; found the keys: chosen, rejected"),
        ({"prompt": "q", "chosen": "a"}, "needs prompt, chosen and rejected, has no rejected"),
        ({**PAIR, "chosen": ""}, "the chosen is empty"),
        ({**PAIR, "rejected": ""}, "the rejected is empty"),
        ({**PAIR, "rejected": "good"}, "chosen and rejected are the same text"),
        ({**PAIR, "rejected": [GOOD]}, "chosen and rejected are the same text"),
        ({**PAIR, "rejected": {"a": 1}}, "rejected must be text, found .*; write JSON as a string"),
        ({**PAIR, "chosen": [USER]}, "chosen must be text, or one message of the assistant"),
        ({**PAIR, "prompt": [USER, GOOD]}, "an assistant's turn stands right before the answer"),
        ('{"prompt": "q", "chosen": "a", "rejected": "\\ud83d"}', "rejected holds the lone surr"),
        ({**PAIR, "rejected_ids": "1 2"}, "rejected_ids must be a list of token ids, found '1 2'"),
        ({**PAIR, "rejected_ids": []}, r"rejected_ids must be a list of token ids, found \[\]"),
        ({**PAIR, "rejected_ids": [1, -2]}, "rejected_ids must be a list of token ids"),
        ({**PAIR, "rejected_ids": [True]}, "rejected_ids must be a list of token ids"),
        ({**PAIR, "is_cut": 1}, "is_cut must be true or false, found 1"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: Any, message: str) -> None:
    path = written(tmp_path, PAIR, row)
    with pytest.raises(HarnessError, match=message) as caught:
        read_pairs(path)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"{path}:2: ")


def test_prompt_is_the_harness_own_and_the_chosen_answer_ends_once() -> None:
    tokenizer = make_tokenizer(CHATML)
    row, _ = encoded(PreferenceRow(ASK, '{"name": 1}', "no", "f:1"))
    assert row["prompt_ids"] == encode(tokenizer, render(tokenizer, ASK))
    assert tokenizer.decode(row["chosen_ids"]) == '{"name": 1}<|im_end|>'
    assert tokenizer.decode(row["rejected_ids"]) == "no<|im_end|>"


def test_a_rejected_answer_has_the_recorded_ids() -> None:
    """The model wrote ``amount`` as other tokens than the tokenizer does."""
    tokenizer = make_tokenizer(CHATML)
    ids = (*encode(tokenizer, "amou"), *encode(tokenizer, "nt"), END)
    assert list(ids[:-1]) != encode(tokenizer, "amount")
    row, found = encoded(PreferenceRow(ASK, "x", "amount", "f:1", ids))
    assert row["rejected_ids"] == list(ids)
    assert (found.recorded, found.other_tokenizer) == (1, 0)


@pytest.mark.parametrize("has_ids", [True, False])
def test_an_answer_that_was_cut_has_no_ending(has_ids: bool) -> None:
    text = encode(make_tokenizer(CHATML), "amount")
    recorded = tuple(text) if has_ids else ()
    row, _ = encoded(PreferenceRow(ASK, "x", "amount", "f:1", recorded, is_cut=True))
    assert row["rejected_ids"] == text


@pytest.mark.parametrize("ids", [(70, 71, END), (10**9,), (2**70,)])
def test_ids_of_another_tokenizer_are_not_used_and_counted(ids: tuple[int, ...]) -> None:
    row, found = encoded(PreferenceRow(ASK, "x", "amount", "f:1", ids))
    assert row["rejected_ids"] == [*encode(make_tokenizer(CHATML), "amount"), END]
    assert (found.recorded, found.other_tokenizer) == (0, 1)


def test_a_long_prompt_is_cut_from_the_left_and_counted() -> None:
    pair = PreferenceRow(ASK, "x", "no", "f:1")
    whole, found = encoded(pair)
    assert found.cut_prompts == 0
    cut, found = encoded(pair, max_prompt_length=5)
    assert cut["prompt_ids"] == whole["prompt_ids"][-5:]
    assert cut["chosen_ids"] == whole["chosen_ids"]
    assert found.cut_prompts == 1


def test_rows_that_do_not_fit_are_left_out_whole_and_counted() -> None:
    """The longer of the two answers decides; a token of ``z`` is one letter."""
    tokenizer = make_tokenizer(CHATML)
    rows = [
        PreferenceRow(ASK, "z" * chosen, "x" * rejected, "f:1")
        for chosen, rejected in ((2, 3), (1, 90), (90, 1))
    ]
    prompt = len(encode(tokenizer, render(tokenizer, ASK)))
    found = encode_pairs(tokenizer, rows, prompt + 4, END, STOPS)
    assert len(found.rows) == 1
    assert (found.too_long, found.longest) == (2, prompt + 91)
    assert (found.trained_tokens, found.tokens) == (3 + 4, 2 * prompt + 3 + 4)


def test_two_texts_of_the_same_tokens_are_refused() -> None:
    pair = PreferenceRow(ASK, "a", "a<|im_end|>", "f:7")
    with pytest.raises(HarnessError, match="f:7: chosen and rejected have the same tokens"):
        encoded(pair)


def test_an_ending_inside_an_answer_is_refused_by_its_name() -> None:
    with pytest.raises(HarnessError, match=r"f:7: rejected: the completion holds <\|im_end\|>"):
        encoded(PreferenceRow(ASK, "x", "a<|im_end|>b", "f:7"))


def test_what_the_template_is_told_and_plain_prompts_are_as_for_rows_of_sft() -> None:
    tokenizer, told = make_tokenizer(CHATML + "{{ style }}"), (("style", "a"),)
    rows = [PreferenceRow(ASK, "x", "no", "f:1"), PreferenceRow("q", "x", "no", "f:2")]
    found = encode_pairs(tokenizer, rows, 400, END, STOPS, told)
    assert found.rows[0]["prompt_ids"] == encode(tokenizer, render(tokenizer, ASK, told))
    assert found.plain_prompts == 1
