"""Rows are read strictly, one shape a file, and every mistake names its file and line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from trainers.data.pairs import PreferenceRow
from trainers.data.reading import Refused, read_pairs, read_rows, scan, shape_named
from trainers.data.rows import TrainingRow


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def test_prompt_and_completion_are_text_or_messages(tmp_path: Path) -> None:
    user, answer = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    path = written(
        tmp_path,
        {"prompt": [user], "completion": [answer], "id": "1"},
        {"prompt": [user], "completion": "a"},
        "",
        {"prompt": "q", "completion": "a"},
    )
    rows, file = read_rows(path)
    asked = Message("user", "q")
    assert [r.prompt for r in rows] == [(asked,), (asked,), "q"]
    assert {r.completion for r in rows} == {"a"}
    assert rows[2].where == f"{path}:4"
    assert file.rows == 3


def test_the_last_message_is_the_completion(tmp_path: Path) -> None:
    (row,), _ = read_rows(written(tmp_path, {"messages": [USER, ANSWER, USER, ANSWER]}))
    asked = Message("user", "q")
    assert row.prompt == (asked, Message("assistant", "a"), asked)
    assert row.completion == "a"


def sound_like(row: Any) -> dict[str, Any]:
    """A sound row of the shape that a wrong one has, to stand before it."""
    if "messages" in row and "prompt" not in row:
        return {"messages": [USER, ANSWER]}
    return {"prompt": "q", "completion": "a"}


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
        (
            {"instruction": "a", "input": "b", "output": "c"},
            "a row of Alpaca in a file of prompt and completion; one shape a file",
        ),
        (
            {"conversations": [{"from": "human", "value": "a"}]},
            "a row of ShareGPT in a file of prompt and completion",
        ),
        ({"messages": [{"role": "developer", "content": "a"}]}, "must be one of system, user"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "must be text, found"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "must be text, found None"),
        (
            {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [{"x": 1}]}]},
            r"messages\[1\].tool_calls: the row has no tools, write those that may be",
        ),
    ],
)
def test_a_shape_that_is_not_read_is_refused_with_file_and_line(
    tmp_path: Path, row: Any, message: str
) -> None:
    path = written(tmp_path, sound_like(row), row)
    with pytest.raises(HarnessError, match=message) as caught:
        read_rows(path)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"{path}:2: ")


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="is no regular file"):
        read_rows(tmp_path)
    with pytest.raises(HarnessError, match="there is no such file"):
        read_rows(tmp_path / "none.jsonl")


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
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: Any, message: str) -> None:
    path = written(tmp_path, sound_like(row), row)
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


def test_rows_labelled_false_are_left_out_and_counted(tmp_path: Path) -> None:
    bad, good = ({"prompt": "q", "completion": c, "label": c == "good"} for c in ("bad", "good"))
    rows, file = read_rows(written(tmp_path, bad, good, {**bad, "label": "False"}))
    assert [r.completion for r in rows] == ["good"]
    assert (file.rows, file.left_out) == (1, 2)
    with pytest.raises(HarnessError, match="none of its 1 rows is an example to imitate"):
        read_rows(written(tmp_path, bad))


def test_the_shape_is_said_where_words_are_interpreted(tmp_path: Path) -> None:
    _, file = read_rows(written(tmp_path, {"instruction": "a", "input": "b", "output": "c"}))
    assert file.shape.startswith("Alpaca: the prompt is the instruction")
    _, file = read_rows(written(tmp_path, {"prompt": "a", "completion": "c"}))
    assert file.shape == "prompt and completion"


def test_examples_and_preferences_are_not_taken_for_each_other(tmp_path: Path) -> None:
    pair = {"prompt": "q", "chosen": "a", "rejected": "b"}
    with pytest.raises(HarnessError, match=r"holds preferences .* which method: dpo trains on"):
        read_rows(written(tmp_path, pair))
    with pytest.raises(HarnessError, match="holds examples to imitate, which method: sft"):
        read_pairs(written(tmp_path, {"prompt": "q", "completion": "a"}))
    pairs, _ = read_pairs(written(tmp_path, pair))
    assert pairs == [PreferenceRow("q", "a", "b", f"{tmp_path / 'rows.jsonl'}:1")]


def test_a_row_with_the_keys_of_two_shapes_is_what_the_method_wants(tmp_path: Path) -> None:
    """UltraFeedback's rows have messages beside chosen and rejected."""
    path = written(
        tmp_path, {"prompt": "q", "chosen": "a", "rejected": "b", "messages": [USER, ANSWER]}
    )
    assert read_pairs(path)[0][0].chosen == "a"
    assert read_rows(path)[0][0].completion == "a"
    (row,) = scan(path)
    assert isinstance(row, Refused)
    assert "has the keys of messages and of preferences" in row.reason
    (row,) = scan(path, shape_named("preference"))
    assert isinstance(row, PreferenceRow)


def test_a_shape_that_was_named_is_required_of_every_row(tmp_path: Path) -> None:
    path = written(tmp_path, {"messages": [USER, ANSWER]}, {"prompt": "q", "completion": "a"})
    sound, refused = scan(path, shape_named("messages"))
    assert isinstance(sound, TrainingRow)
    assert isinstance(refused, Refused)
    assert refused.reason == "has no messages, unlike a row of messages"
    with pytest.raises(HarnessError, match="no such shape, did you mean 'alpaca'"):
        shape_named("alpacca")


def test_a_compressed_file_is_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"prompt": "q", "completion": "a"}\n'))
    assert read_rows(path)[0][0].completion == "a"


def test_a_runs_folder_is_its_samples(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    sample = {
        "case_id": "c", "messages": [{"role": "user", "content": "q"}],
        "completion": {"text": "a", "finish_reason": "stop"},
        "verdicts": {"one": {"outcome": "passed"}},
    }  # fmt: skip
    (run / "samples.jsonl").write_text(json.dumps(sample) + "\n")
    rows, file = read_rows(run)
    assert rows == [TrainingRow((Message("user", "q"),), "a", f"{run}/samples.jsonl:1")]
    assert file.path == str(run)
