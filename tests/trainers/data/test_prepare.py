"""Prepared rows are the same for the same files, and every row that is left out has a reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from trainers.data.prepare import prepare
from trainers.data.prepared_folder import check_folder, write
from trainers.data.reading import read_rows
from trainers.data.splits import SPLITS, Shares


def value(number: int, **more: Any) -> dict[str, Any]:
    text = " ".join(f"w{number}x{i}" for i in range(9))
    return {"instruction": text, "output": f"a{number}", **more}


def written(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(v) + "\n" for v in values))
    return path


def places(path: Path, *, count: int) -> dict[str, str]:
    splits = prepare([written(path, *map(value, range(count)))]).splits
    return {row.where: name for name in SPLITS for row in splits[name]}


def test_rows_stay_in_their_split_when_others_are_added(tmp_path: Path) -> None:
    few, many = (places(tmp_path / "a.jsonl", count=count) for count in (200, 400))
    assert len(few) == 200
    assert few.items() <= many.items()


def test_no_prompt_is_in_two_splits(tmp_path: Path) -> None:
    values = [value(i, output=str(copy)) for i in range(60) for copy in range(3)]
    prepared = prepare([written(tmp_path / "a.jsonl", *values)])
    prompts = [{row.prompt for row in prepared.splits[name]} for name in SPLITS]
    assert sum(map(len, prompts)) == 60
    assert prepared.ambiguous == 120


def test_every_row_is_in_a_split_or_rejected(tmp_path: Path) -> None:
    values = [*map(value, range(50)), value(3), value(60, label=False), {"instruction": "no"}]
    path = written(tmp_path / "a.jsonl", *values)
    prepared = prepare([path])
    assert sum(len(prepared.splits[name]) for name in SPLITS) + len(prepared.rejected) == 53
    reasons = {r.where.rpartition(":")[2]: r.reason for r in prepared.rejected}
    assert reasons == {
        "51": f"a duplicate of {path}:4",
        "52": "label is false: no example to imitate",
        "53": "needs prompt and completion, or messages; found the keys: instruction",
    }


def test_the_folder_is_whole_and_trains(tmp_path: Path) -> None:
    values = [*map(value, range(100)), value(3), value(200, output="ada@firm.com")]
    path = written(tmp_path / "a.jsonl", *values)
    prepared = prepare([path], drops_sensitive=True)
    write(prepared, tmp_path / "new" / "one")
    write(prepared, tmp_path / "two")
    names = sorted(p.name for p in (tmp_path / "two").iterdir())
    assert names == [
        "flagged.jsonl",
        "metadata.json",
        "rejected.jsonl",
        "test.jsonl",
        "train.jsonl",
        "val.jsonl",
    ]
    for name in names:
        one = (tmp_path / "new" / "one" / name).read_bytes()
        assert one == (tmp_path / "two" / name).read_bytes()
    assert "ada@firm.com" not in "".join((tmp_path / "two" / name).read_text() for name in names)
    rows, _ = read_rows(tmp_path / "two" / "train.jsonl")
    assert [(r.prompt, r.completion) for r in rows] == [
        (r.prompt, r.completion)
        for r in prepared.splits["train"]  # type: ignore[union-attr]
    ]
    numbers = json.loads((tmp_path / "two" / "metadata.json").read_text())
    assert numbers["duplicates"] == numbers["dropped_as_sensitive"] == 1
    assert numbers["flagged"] == {"e-mail address": 1}
    assert sum(numbers["rows"].values()) == 100


def test_a_folder_of_others_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    check_folder(folder, (), overwrite=False)
    folder.mkdir()
    (folder / "mine.txt").write_text("x")
    with pytest.raises(HarnessError, match="holds files that were not prepared"):
        check_folder(folder, (), overwrite=True)
    (folder / "metadata.json").write_text("{}")
    with pytest.raises(HarnessError, match="add --overwrite"):
        check_folder(folder, (), overwrite=False)
    check_folder(folder, (), overwrite=True)
    with pytest.raises(HarnessError, match=r"holds .*a.jsonl, name a folder of its own"):
        check_folder(folder, (folder / "a.jsonl",), overwrite=True)


def test_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    one = written(tmp_path / "a.jsonl", value(1))
    two = written(tmp_path / "b.jsonl", {"prompt": "q", "chosen": "a", "rejected": "b"})
    with pytest.raises(HarnessError) as caught:
        prepare([one, tmp_path / "none", two])
    assert [m.partition(": ")[2] for m in caught.value.mistakes[:1]] == [
        "there is no such file, correct the path"
    ]
    assert "examples and preferences" in caught.value.mistakes[1]
    with pytest.raises(HarnessError, match="no row is left to train on"):
        prepare([written(tmp_path / "c.jsonl", {"label": 1})])


def test_a_split_of_nothing_is_empty(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *map(value, range(20)))
    splits = prepare([path], shares=Shares(100, 0, 0)).splits
    assert [len(splits[name]) for name in SPLITS] == [20, 0, 0]
