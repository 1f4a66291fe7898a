"""The review that a page exports: read line by line, and refused by line."""

import json
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.review import ReviewedAnswer
from harness.records.reviews import read_review

LINE = {"run": "r1", "model": "base:m", "task": "t", "case": "c", "repeat": 0, "verdict": "wrong"}


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_a_line_is_an_answer_and_what_is_unknown_is_ignored(tmp_path: Path) -> None:
    more = {"must_pass": True, "tags": ["a"], "note": "n\n", "checks": "right"}
    file = written(tmp_path / "review.jsonl", LINE | more, {**LINE, "repeat": 1, "verdict": None})
    assert read_review(file) == (
        ReviewedAnswer("r1", "base:m", "t", "c", 0, "wrong", True, ("a",), "n\n"),
        ReviewedAnswer("r1", "base:m", "t", "c", 1, None),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({**LINE, "verdict": "maybe"}, ":2: verdict: Input should be 'right' or 'wrong'"),
        ({"task": "t"}, ":2: run: Field required"),
        ({**LINE, "repeat": "NaN"}, ":2: repeat: Input should be a valid integer"),
        (LINE, ":2: the answer to 'c' stands in line 1 too"),
        ({**LINE, "run": "../../etc/passwd"}, ":2: run: '../../etc/passwd' is no id of a run"),
        ({**LINE, "run": "latest"}, ":2: run: 'latest' is no id of a run"),
        ([], ":2: is no object with an answer"),
    ],
)
def test_a_mistake_is_a_line_with_what_to_do(line: object, said: str, tmp_path: Path) -> None:
    file = written(tmp_path / "review.jsonl", LINE, line)
    with pytest.raises(HarnessError) as error:
        read_review(file)
    assert str(error.value).startswith(f"{file}{said}")
    assert str(error.value).endswith("export the review from its page again")


def test_the_first_five_mistakes_are_told(tmp_path: Path) -> None:
    file = written(tmp_path / "review.jsonl", *[[]] * 1_000)
    with pytest.raises(HarnessError) as error:
        read_review(file)
    told = [line.removeprefix(str(file)).split(",")[0] for line in error.value.mistakes]
    assert told == [f":{n}: is no object with an answer" for n in range(1, 6)]


def test_a_file_without_a_review_is_refused(tmp_path: Path) -> None:
    for content, said in ((b"", "no reviewed answer"), (b"{", "no JSON"), (b"\xff", "no JSON")):
        (tmp_path / "review.jsonl").write_bytes(content)
        with pytest.raises(HarnessError, match=said):
            read_review(tmp_path / "review.jsonl")
    with pytest.raises(HarnessError, match="Export review"):
        read_review(tmp_path / "none.jsonl")
