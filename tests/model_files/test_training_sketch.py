"""A sketch of training rows tells which texts were among them, and calls no honest text one."""

import random
from pathlib import Path

import numpy as np
import pytest

from fixtures.datasets.rows import draw_rows, split_rows
from harness.files.strict_json import UnreadableFile
from harness.model_files.training_sketch import (
    FILE,
    ROW_GRAMS,
    TrainingSketch,
    normalised,
    read_sketch,
    trained_cases,
)
from harness.tasks.task import load_task
from tests.models import ROOT


def stored(folder: Path, sketch: TrainingSketch) -> None:
    with (folder / FILE).open("wb") as file:
        sketch.write(file)


TASKS = ("json_extraction", "fan_timeline", "credit_dispute", "code_assistant")


def planted(texts: list[str]) -> dict[int, tuple[str, str]]:
    """Thirty of the texts by index: ten as they are, ten in other case and blanks, ten with one of
    the last words replaced; each with the likeness that it has."""
    draw = random.Random(0)
    found: dict[int, tuple[str, str]] = {}
    for number, index in enumerate(draw.sample(range(len(texts)), 30)):
        text = texts[index]
        words = text.split(" ")
        words[draw.randrange(len(words) - 6, len(words))] = "zebra"
        kinds = (
            (text, "exact"),
            (text.replace(" ", "  ").upper(), "normalised"),
            (" ".join(words), "near"),
        )
        found[index] = kinds[number // 10]
    return found


@pytest.mark.parametrize("name", TASKS)
def test_planted_cases_are_found_and_honest_rows_are_not(name: str) -> None:
    """1,600 rows over the task's own template, and 300 held-out cases."""
    task = load_task(ROOT / "fixtures/tasks" / name)
    texts = [case.prompt for case in task.cases]
    drawn = split_rows(draw_rows(name, 2_000, 0)[0])["train"]
    honest = [row["prompt"][-1]["content"] for row in drawn]
    assert len(honest) == 1_600
    false = trained_cases(TrainingSketch.of(honest), texts, task.prompt_parts)
    assert false == []
    leaks = planted(texts)
    rows = TrainingSketch.of([*honest, *(text for text, _ in leaks.values())])
    found = {match.index: match for match in trained_cases(rows, texts, task.prompt_parts)}
    right = [i for i, (_, kind) in leaks.items() if i in found and found[i].likeness == kind]
    assert len(right) >= 28
    assert all(1_600 + [*leaks].index(i) in found[i].rows for i in right)


def test_a_long_row_is_kept_as_a_sample_that_still_finds_its_case() -> None:
    long = " ".join(f"w{i}" for i in range(3_000))
    sketch = TrainingSketch.of([long, "short text"])
    assert sketch.ends.tolist() == [ROW_GRAMS, ROW_GRAMS]
    near = long.replace("w1500", "other")
    others = [" ".join(f"x{i}y{j}" for i in range(50)) for j in range(30)]
    (found,) = trained_cases(sketch, [*others, near])
    assert (found.index, found.rows, found.likeness) == (30, (0,), "near")


def test_one_case_alone_is_not_found_by_its_template() -> None:
    template = "Extract the fields of the text below. Output only valid JSON. Text:"
    rows = [f"{template} w{i}a w{i}b" for i in range(40)]
    assert trained_cases(TrainingSketch.of(rows), [f"{template} other words"]) == []


def test_words_of_scripts_without_blanks_are_their_characters() -> None:
    assert normalised("\uff34okyo: 東京タワー!") == "tokyo 東 京 タ ワ ー"


def test_a_sketch_is_read_as_it_was_written(tmp_path: Path) -> None:
    stored(tmp_path, TrainingSketch.of(["one two three four", "", "one"]))
    first = (tmp_path / FILE).read_bytes()
    sketch = read_sketch(tmp_path / FILE)
    assert [m.index for m in trained_cases(sketch, ["One, two, three, four!", "other"])] == [0]
    stored(tmp_path, TrainingSketch.of(["one two three four", "", "one"]))
    assert (tmp_path / FILE).read_bytes() == first
    stored(tmp_path, TrainingSketch.of([]))
    assert trained_cases(read_sketch(tmp_path / FILE), ["other"]) == []


def damaged_by_version(sketch: dict[str, np.ndarray]) -> None:
    sketch["version"] = np.array([99])


def damaged_by_type(sketch: dict[str, np.ndarray]) -> None:
    sketch["exact"] = sketch["exact"].astype(np.float64)


def damaged_by_order(sketch: dict[str, np.ndarray]) -> None:
    sketch["ends"] = sketch["ends"][::-1].copy()


def damaged_by_pickle(sketch: dict[str, np.ndarray]) -> None:
    sketch["grams"] = np.array([{}], dtype=object)


@pytest.mark.parametrize(
    "damage", [damaged_by_version, damaged_by_type, damaged_by_order, damaged_by_pickle]
)
def test_what_is_no_sketch_is_refused(tmp_path: Path, damage) -> None:
    stored(tmp_path, TrainingSketch.of(["one two three four", "five six seven eight nine"]))
    with np.load(tmp_path / FILE) as arrays:
        values = dict(arrays)
    damage(values)
    np.savez(tmp_path / FILE, **values)
    with pytest.raises(UnreadableFile):
        read_sketch(tmp_path / FILE)
    (tmp_path / FILE).write_bytes(b"PK no archive")
    with pytest.raises(UnreadableFile):
        read_sketch(tmp_path / FILE)
