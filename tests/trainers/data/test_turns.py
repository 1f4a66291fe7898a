"""Each answer of a conversation can be a row of its own."""

from harness.core.case import Message
from trainers.data.rows import TrainingRow
from trainers.data.turns import every_answer

ASKED, TOLD, SAID = (Message(role, role) for role in ("user", "system", "assistant"))


def test_every_answer_is_a_row_with_all_before_it() -> None:
    prompt = (TOLD, ASKED, SAID, ASKED, Message("assistant", "b"), ASKED)
    row = TrainingRow(prompt, "c", "f:1")
    assert every_answer([row]) == [
        TrainingRow(prompt[:2], "assistant", "f:1, message 3"),
        TrainingRow(prompt[:4], "b", "f:1, message 5"),
        row,
    ]


def test_greetings_repeated_and_empty_answers_are_no_rows() -> None:
    for prompt in ((SAID, ASKED), (ASKED, Message("assistant", ""), ASKED), "plain text"):
        row = TrainingRow(prompt, "c", "f:1")
        assert every_answer([row]) == [row]
    row = TrainingRow((ASKED, SAID, SAID, ASKED), "c", "f:1")
    assert [r.where for r in every_answer([row])] == ["f:1, message 2", "f:1"]
