"""Rows that say the same are found: in all words, nearly, or with another answer."""

from trainers.data.duplicates import ambiguous, without_near, without_repeats
from trainers.data.row_text import Row
from trainers.data.rows import TrainingRow

TEMPLATE = "Extract the fields. Output only valid JSON.\nText: "


def row(text: str, answer: str = "a", where: str = "f:1") -> Row:
    return TrainingRow(text, answer, where)


def sentence(number: int) -> str:
    words = [f"w{number}x{i}" for i in range(9)]
    return f"{TEMPLATE}{' '.join(words)}"


def test_a_repeated_row_is_dropped_and_names_the_first() -> None:
    kept, dropped = without_repeats([row("q"), row("q", "b"), row("q", where="f:3")])
    assert kept == [row("q"), row("q", "b")]
    assert [(r.where, r.reason) for r in dropped] == [("f:3", "a duplicate of f:1")]


def test_a_training_row_near_a_held_out_one_is_dropped_and_no_other() -> None:
    held_out = [row(sentence(i), where=f"t:{i}") for i in range(40)]
    near = row(sentence(7).replace("w7x8", "other"), where="f:near")
    rows = [*(row(sentence(i)) for i in range(100, 400)), near]
    kept, dropped = without_near(rows, held_out, "test")
    assert kept == rows[:-1]
    (refused,) = dropped
    assert refused.where == "f:near"
    assert refused.reason == "a near-duplicate of t:7, which is in test"


def test_rows_of_one_prompt_with_other_answers_are_ambiguous() -> None:
    rows = [row("q"), row("r"), row("q", "b", "f:3"), row("q", "a", "f:4")]
    assert ambiguous(rows) == [(rows[0], rows[2])]
