"""Requests that enter and leave a batch: their order, who is answered, who is not."""

from dataclasses import asdict

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.plan import Request, Sampling, failed
from harness.engine.continuous import OpenBatch
from harness.engine.row import Row


def asked(name: str) -> Request:
    return Request("t", name, (Message("user", name),), Sampling(4))


class Line:
    """The messages that a test sends, and what is said of its requests."""

    def __init__(self, *names: str) -> None:
        self.messages: list = []
        self.entered: list[str] = []
        self.answers: dict[str, Completion] = {}
        self.batch = OpenBatch(map(asked, names), self.receive, self.note, self.answer)

    def receive(self):
        sent, self.messages = self.messages, []
        return sent

    def note(self, request):
        self.entered.append(request.case_id)

    def answer(self, pairs):
        assert not {r.case_id for r, _ in pairs} & self.answers.keys()
        self.answers |= {request.case_id: completion for request, completion in pairs}

    def enter(self, *names):
        requests = [asdict(asked(name)) for name in names]
        self.messages.append({"kind": "enter", "requests": requests})

    def leave(self, *names):
        self.messages.append({"kind": "leave", "keys": [asked(name).key for name in names]})

    def rows(self, most=9, fits=lambda request, row: True, read=None):
        return self.batch.enter(most, read or row_of, fits)

    def end(self, *rows):
        self.batch.leave(rows, lambda request, row: Completion(f"re: {request.case_id}"))


def row_of(request: Request) -> Row:
    return Row([1], 0, 4, key=request.key)


def test_requests_enter_in_their_order_as_there_is_room():
    line = Line("a", "b")
    line.enter("c", "d")
    assert len(line.rows(most=3)) == 3
    assert line.entered == ["a", "b", "c"]
    assert (line.batch.inside, line.batch.waiting) == (3, 1)


def test_nobody_overtakes_a_request_that_does_not_fit():
    line = Line("a", "wide", "b")
    (row,) = line.rows(fits=lambda request, row: request.case_id != "wide")
    assert line.batch.first() == asked("wide")
    line.end(row)
    assert len(line.rows()) == 2
    assert line.entered == ["a", "wide", "b"]


def test_each_is_answered_when_its_row_leaves():
    line = Line("a", "b")
    first, second = line.rows()
    line.end(second)
    assert [*line.answers] == ["b"]
    line.end(first, second)
    assert {name: c.text for name, c in line.answers.items()} == {"a": "re: a", "b": "re: b"}


def test_who_is_given_up_is_not_answered_and_its_row_ends():
    line = Line("a", "b", "c")
    first, second = line.rows(most=2)
    line.leave("a", "c", "unknown")
    assert line.batch.waiting == 0
    assert (first.is_open, second.is_open) == (False, True)
    line.end(first, second)
    assert [*line.answers] == ["b"]


def test_who_was_given_up_may_be_asked_again():
    line = Line("a")
    (gone,) = line.rows()
    line.leave("a")
    line.enter("a")
    (again,) = line.rows()
    line.end(gone)
    assert not line.answers
    line.end(again)
    assert [*line.answers] == ["a"]


@pytest.mark.parametrize("is_raised", [True, False])
def test_a_prompt_that_cannot_be_decoded_is_answered_at_once(is_raised):
    def read(request):
        if request.case_id != "bad":
            return row_of(request)
        if is_raised:
            raise ValueError("no")
        return failed(request, "no")

    line = Line("bad", "good")
    (row,) = line.rows(read=read)
    assert (row.key, line.answers["bad"].error) == (asked("good").key, line.answers["bad"].error)
    assert "no" in line.answers["bad"].error
    assert line.entered == ["good"]


def test_a_batch_that_fails_gives_its_requests_back():
    line = Line("a", "b", "c")
    rows = line.rows(most=2)
    assert line.batch.abandon() == [asked("a"), asked("b")]
    line.end(*rows)
    assert not line.answers
    assert line.batch.first() == asked("c")
