"""Rows are read strictly and tokenized exactly as the harness generates and stops."""

import json
from pathlib import Path
from typing import Any

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
    read_rows,
)

ASK = (Message("user", "Give name."),)
ENDINGS = [(CHATML, "<|im_end|>"), (DIALOGPT, "<|endoftext|>"), (None, "<|endoftext|>")]


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def test_every_shape_of_a_row_is_read(tmp_path: Path) -> None:
    user, answer = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    path = written(
        tmp_path,
        {"prompt": [user], "completion": [answer], "id": "1"},
        {"prompt": [user], "completion": "a"},
        "",
        {"prompt": "q", "completion": "a"},
        {"messages": [user, answer, user, answer]},
    )
    rows, file = read_rows(path)
    asked = Message("user", "q")
    assert [r.prompt for r in rows] == [
        (asked,),
        (asked,),
        "q",
        (asked, Message("assistant", "a"), asked),
    ]
    assert {r.completion for r in rows} == {"a"}
    assert rows[2].where == f"{path}:4"
    assert file.rows == 4


USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"prompt": "a \\ud83d", "completion": "b"}', r"prompt holds the lone surrogate \\ud83d"),
        ('{"prompt": "a", "completion": "b \\udc00"}', r"completion holds the lone surrogate"),
        (
            '{"messages": [{"role": "user", "content": "\\udfff"}]}',
            r"messages\[0\]\.content holds the lone surrogate \\udfff",
        ),
        ('{"prompt":"a","prompt":"z","completion":"b"}', "the key 'prompt' stands twice"),
        ({"messages": [USER, ANSWER], "prompt": "P", "completion": "p"}, "keep one of the two"),
        ({"prompt": "a", "completion": None}, "completion must be text, found None"),
        ({"prompt": "a", "completion": {"name": "Ada"}}, "write JSON as a string"),
        ({"instruction": "a", "input": "b", "output": "c"}, "write them as prompt and completion"),
        ({"conversations": [{"from": "human", "value": "a"}]}, "write messages with role"),
        ({"messages": [{"role": "developer", "content": "a"}]}, "must be one of system, user"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "must be text, found"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "must be text, found None"),
        (
            {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [{"x": 1}]}]},
            r"messages\[1\].tool_calls are not read; write the call as text",
        ),
    ],
)
def test_a_shape_that_is_not_read_is_refused_with_file_and_line(
    tmp_path: Path, row: Any, message: str
) -> None:
    path = written(tmp_path, {"prompt": "q", "completion": "a"}, row)
    with pytest.raises(HarnessError, match=message) as caught:
        read_rows(path)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"{path}:2: ")


def test_a_json_array_and_what_is_no_file_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"rows\.jsonl:1: is a JSON array"):
        read_rows(written(tmp_path, "[", '{"prompt": "a", "completion": "b"},', "]"))
    with pytest.raises(HarnessError, match="is no file"):
        read_rows(tmp_path)


def test_limit_reads_the_first_rows(tmp_path: Path) -> None:
    path = written(tmp_path, *({"prompt": "q", "completion": str(i)} for i in range(5)))
    assert [r.completion for r in read_rows(path, 2)[0]] == ["0", "1"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "expected a JSON object"),
        ({"text": "x"}, "needs prompt and completion, or messages; found the keys: text"),
        ({"prompt": "q", "completion": ""}, "the completion is empty"),
        ({"prompt": "", "completion": "a"}, "the prompt is empty"),
        ({"prompt": [], "completion": "a"}, "prompt must be a list of messages"),
        (
            {"prompt": [{"role": "human", "content": "q"}], "completion": "a"},
            r"prompt\[0\].role must be one of system, user, assistant, found 'human'",
        ),
        (
            {"prompt": [{"role": "user", "content": 3}], "completion": "a"},
            r"prompt\[0\].content must be text, found 3",
        ),
        (
            {"prompt": [{"role": "assistant", "content": "x"}], "completion": "a"},
            "an assistant's turn stands right before the answer",
        ),
        ({"prompt": "q", "completion": [{"role": "user", "content": "a"}]}, "one message of the"),
        ({"messages": [{"role": "user", "content": "q"}]}, "must end with the assistant's answer"),
        ({"conversations": [{"from": "human", "value": "q"}]}, "write messages with role and"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: Any, message: str) -> None:
    path = written(tmp_path, {"prompt": "q", "completion": "a"}, row)
    with pytest.raises(HarnessError, match=message) as caught:
        read_rows(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert "\n" not in str(caught.value)


def test_many_bad_rows_are_counted(tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as caught:
        read_rows(written(tmp_path, *["{"] * 25))
    assert len(str(caught.value).splitlines()) == 11
    assert str(caught.value).endswith("... and 15 rows more")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="holds no rows"):
        read_rows(written(tmp_path, "", " "))


def test_bytes_that_are_no_text_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"prompt": "q", "completion": "a"}\n\xff\n')
    with pytest.raises(HarnessError, match=r"rows.jsonl:2: is not UTF-8"):
        read_rows(path)


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
