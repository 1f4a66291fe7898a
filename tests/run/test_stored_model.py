"""A model over the store: what it is asked, what it keeps, and what a broken store changes."""

import os
import threading
from dataclasses import replace

import pytest

from harness.core.completion import Completion, FinishReason
from harness.core.logprobs import Logprobs
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.events import Answered, ModelOpened
from harness.engine.fake_host import FakeHost
from harness.engine.model import ModelUnopened
from harness.model_files.fingerprint import QUICK_BYTES
from harness.records.completions import Completions, owner_of, request_key
from harness.records.completions_file import FILE
from harness.run.plan import PlannedTest, RunPlan
from harness.run.stored_model import SessionStore, StoredModel
from tests.run.conftest import BASE, timed

KEY = "k" * 64


@pytest.fixture
def requests(base) -> list[Request]:
    return list(RunPlan.of([PlannedTest(base)]).requests[BASE])


class Session:
    """One session over a store, with a fake model that echoes the case's id."""

    def __init__(self, folder, key=lambda: KEY, answer=None, **more) -> None:
        self.host = FakeHost(answer or (lambda ref, request: request.case_id))
        self.store = SessionStore(folder, run="this", **more)
        self.model = StoredModel(self.host._model(BASE), self.store, key)

    def answers(self, requests) -> dict[str, Completion]:
        events = list(self.model.events(requests))
        return {e.request.key: e.completion for e in events if isinstance(e, Answered)}

    @property
    def asked(self) -> list[str]:
        return [key for _, key in self.host.asked]


def keys(requests) -> list[str]:
    return [r.key for r in requests]


def test_an_answer_is_generated_once(tmp_path, requests):
    first, second = Session(tmp_path), Session(tmp_path)
    generated, stored = first.answers(requests), second.answers(requests)
    assert first.asked == keys(requests)
    assert second.asked == second.host.opened == []
    assert {k: c.text for k, c in stored.items()} == {k: c.text for k, c in generated.items()}
    assert [c.case_id for c in stored.values()] == [r.case_id for r in requests]


def test_every_answer_says_where_it_comes_from(tmp_path, requests):
    generated = Session(tmp_path).answers(requests[:2])
    assert {c.origin for c in generated.values()} == {None}
    later = Session(tmp_path)
    later.store.run = "later"
    answers = later.answers(requests)
    origins = [answers[key].origin for key in keys(requests)]
    assert [o and o.run for o in origins] == ["this", "this", None, None]


def test_a_stored_model_is_described_as_when_it_was_opened(tmp_path, requests):
    first, second = Session(tmp_path), Session(tmp_path)
    first.answers(requests)
    second.answers(requests)
    assert second.model.model == replace(
        first.model.model, load_seconds=None, generate_seconds=None
    )


def test_two_requests_of_one_prompt_are_one(tmp_path, requests):
    twin = replace(requests[0], case_id="twin")
    session = Session(tmp_path, answer=lambda ref, request: "same")
    answers = session.answers([requests[0], twin])
    assert session.asked == [requests[0].key]
    assert [c.case_id for c in answers.values()] == [requests[0].case_id, "twin"]


def with_logprobs(ref, request) -> Completion:
    """An answer as an engine gives it, to a request with log-probabilities and to one without."""
    logprobs = Logprobs.of([1, 0], [-0.5, -1.5], ["b", "c"], [-1.0, -0.25])
    return Completion(
        "a", case_id=request.case_id, logprobs=logprobs if request.has_logprobs else None
    )


def test_a_stored_answer_without_log_probabilities_is_not_used_where_they_are_asked_for(
    tmp_path, requests
):
    Session(tmp_path, answer=with_logprobs).answers(requests[:2])
    asking = [replace(r, has_logprobs=True) for r in requests]
    session, again, bare = (Session(tmp_path, answer=with_logprobs) for _ in range(3))
    assert all(c.logprobs for c in session.answers(asking).values())
    assert session.asked == keys(requests)
    assert len(session.store.bare) == 2
    assert all(c.logprobs and c.origin for c in again.answers(asking).values())
    assert again.asked == []
    assert again.store.bare == set()
    assert {c.logprobs for c in bare.answers(requests).values()} == {None}
    assert bare.asked == []


def test_a_model_whose_record_was_damaged_is_asked_again(tmp_path, requests):
    Session(tmp_path).answers(requests)
    store = Completions(tmp_path)
    with store.transaction() as connection:
        connection.execute("update models set record = '{}'")
    store.close()
    session = Session(tmp_path)
    session.answers(requests)
    assert session.asked == keys(requests)
    assert Session(tmp_path).answers(requests).keys() == {*keys(requests)}


def test_a_damaged_answer_is_generated_again(tmp_path, requests):
    Session(tmp_path).answers(requests)
    store = Completions(tmp_path)
    with store.transaction() as connection:
        first = (request_key(requests[0]),)
        connection.execute("update answers set answer = '{}' where request = ?", first)
    store.close()
    session = Session(tmp_path)
    assert session.answers(requests).keys() == {*keys(requests)}
    assert session.asked == [requests[0].key]


def test_memory_is_measured_for_the_requests_of_the_call_alone(tmp_path, requests):
    Session(tmp_path).answers(requests[:2])
    session, measured = Session(tmp_path, measured=frozenset({BASE})), []

    def measure(given):
        measured.append(keys(given))
        yield from ()

    session.model.inner.measure = measure
    session.answers(requests[:2])
    session.answers(requests[2:])
    assert measured == [keys(requests[:2])]


def test_an_error_is_not_kept_and_is_asked_again(tmp_path, requests):
    def fails(ref: ModelRef, request: Request) -> str:
        raise RuntimeError("lost")

    first = Session(tmp_path, answer=fails)
    assert {c.finish_reason for c in first.answers(requests).values()} == {FinishReason.ERROR}
    second = Session(tmp_path)
    second.answers(requests)
    assert second.asked == keys(requests)


def test_another_key_is_a_miss(tmp_path, requests):
    Session(tmp_path).answers(requests)
    other = Session(tmp_path, key=lambda: "o" * 64)
    other.answers(requests)
    assert other.asked == keys(requests)


def test_fresh_generates_again_and_keeps_the_new_answer(tmp_path, requests):
    Session(tmp_path).answers(requests)
    fresh = Session(tmp_path, answer=lambda ref, request: "new", is_fresh=True)
    assert {c.origin for c in fresh.answers(requests).values()} == {None}
    assert {c.text for c in Session(tmp_path).answers(requests).values()} == {"new"}


def test_a_timed_request_passes_the_store_by(tmp_path, base):
    plan = RunPlan.of(timed(base))
    for _ in range(2):
        session = Session(tmp_path)
        answers = session.answers([*plan.requests[BASE], *plan.timed[BASE]])
        assert [k for k in session.asked if k.endswith("/timed")] == keys(plan.timed[BASE])
        assert all(answers[k].timing for k in keys(plan.timed[BASE]))
    assert session.asked == keys(plan.timed[BASE])


def test_a_model_without_a_key_is_asked_everything(tmp_path, requests):
    for _ in range(2):
        session = Session(tmp_path, key=lambda: None)
        session.answers(requests)
        assert session.asked == keys(requests)
    assert not (tmp_path / FILE).exists()


def test_a_model_that_was_replaced_between_hashing_and_opening_gives_no_answer(tmp_path, requests):
    found = iter([KEY, "o" * 64])
    session = Session(tmp_path, key=lambda: next(found))
    with pytest.raises(ModelUnopened, match="was replaced during the run"):
        session.answers(requests)
    assert session.asked == []
    store = Completions(tmp_path)
    assert store.find(KEY, [request_key(r) for r in requests]) == {}
    assert store.claim(KEY, ["a"]) == ["a"]
    store.close()


def test_a_request_that_another_session_generates_is_waited_for(tmp_path, requests, monkeypatch):
    monkeypatch.setattr("harness.run.stored_model.WAIT_SECONDS", 0.01)
    owner = Completions(tmp_path)
    wanted = [request_key(r) for r in requests]
    owner.owner = owner_of(os.getppid())  # A living process that is not this one.
    owner.claim(KEY, wanted[:2])
    owner.keep_model(KEY, FakeHost(lambda *_: "")._model(BASE)._open().describe())
    session, result = Session(tmp_path), {}
    events = session.model.events(requests)
    for event in events:
        if isinstance(event, Answered):
            result[event.request.key] = event.completion
        if len(result) == 2 and wanted:
            # All that is this session's is answered: now the other one answers.
            for key in wanted[:2]:
                owner.keep(KEY, key, Completion("theirs"), "other")
            wanted = []
    assert session.asked == keys(requests[2:])
    assert [result[k].text for k in keys(requests[:2])] == ["theirs", "theirs"]
    owner.close()


def test_a_session_that_dies_leaves_its_requests_to_others(tmp_path, requests):
    owner = Completions(tmp_path)
    owner.owner = "999999999 1.00"
    owner.claim(KEY, [request_key(r) for r in requests])
    session = Session(tmp_path)
    session.answers(requests)
    assert session.asked == keys(requests)
    owner.close()


def test_a_store_that_fails_costs_a_line_and_no_answer(tmp_path, requests):
    (tmp_path / "file").write_text("")
    session = Session(tmp_path / "file" / "cache")
    assert len(session.answers(requests)) == len(requests)
    (note,) = session.store.notes
    assert note.endswith("; the run went on without the store")
    assert "\n" not in note


def test_a_store_that_fails_in_the_middle_costs_a_line_and_no_answer(tmp_path, requests):
    session = Session(tmp_path)
    events = session.model.events(requests)
    answers = []
    for event in events:
        if isinstance(event, ModelOpened):
            session.store._open._connection.execute("pragma query_only = on")
        if isinstance(event, Answered):
            answers.append(event.completion.text)
    assert answers == [r.case_id for r in requests]
    assert len(session.store.notes) == 1


def test_a_model_with_answers_in_the_store_is_not_prewarmed(tmp_path, requests):
    warmed = []
    for expected in (1, 0):
        session = Session(tmp_path)
        session.model.inner.prewarm = lambda: warmed.append(1)
        warmed.clear()
        session.model.prewarm()
        assert len(warmed) == expected
        session.answers(requests)


def test_a_large_model_that_was_never_hashed_is_prewarmed_before_it_is(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(QUICK_BYTES)
    session = Session(tmp_path / "store", key=lambda: pytest.fail("hashed before it is prewarmed"))
    warmed = []
    session.model.inner.ref = ModelRef("base", str(tmp_path))
    session.model.inner.prewarm = lambda: warmed.append(1)
    session.model.prewarm()
    assert warmed == [1]


def test_memory_is_measured_where_answers_come_from_the_store(tmp_path, requests):
    Session(tmp_path).answers(requests)
    for judged, expected in ((frozenset({BASE}), 1), (frozenset(), 0)):
        session, measured = Session(tmp_path, measured=judged), []

        def measure(given, measured=measured):
            measured.append(keys(given))
            yield from ()

        session.model.inner.measure = measure
        session.answers(requests)
        assert measured == [keys(requests)] * expected


def test_sessions_in_turns_generate_each_answer_once(tmp_path, requests, monkeypatch):
    """Three threads stand for three sessions; claims of one process are one owner's, so each gets
    an owner of its own that is alive: nobody is."""
    monkeypatch.setattr("harness.run.stored_model.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("harness.records.completions._is_alive", lambda owner: True)
    sessions = [Session(tmp_path) for _ in range(3)]
    given: list[dict] = [{} for _ in sessions]

    def run(index: int) -> None:
        session = sessions[index]
        session.store._open.owner = f"{index} 1.00"
        given[index] = session.answers(requests)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = [key for session in sessions for key in session.asked]
    assert sorted(asked) == sorted(keys(requests))
    assert all(len(answers) == len(requests) for answers in given)


class Served(Session):
    """A session whose model is behind a server, with the key of its plan."""

    def __init__(self, folder, plan="plan", **more) -> None:
        super().__init__(folder, plan=plan, **more)
        self.model.is_served = True
        self.model.find_key = lambda: self.store.served_key(BASE)


def test_what_a_served_model_answered_is_taken_only_on_request(tmp_path, requests):
    Served(tmp_path).answers(requests[:2])
    asked = Served(tmp_path)
    asked.answers(requests[:2])
    assert len(asked.asked) == 2
    resumed = Served(tmp_path, is_resuming=True)
    assert len(resumed.answers(requests)) == len(requests)
    assert resumed.asked == keys(requests[2:])


def test_another_plan_takes_nothing_of_a_served_model(tmp_path, requests):
    Served(tmp_path).answers(requests)
    other = Served(tmp_path, plan="other", is_resuming=True)
    other.answers(requests)
    assert len(other.asked) == len(requests)


SERVED = ModelRef.parse("endpoint:http://localhost:1/v1#tiny")


def test_what_is_undecided_is_told_until_it_is_forgotten(tmp_path):
    store = SessionStore(tmp_path, plan="plan")
    store.use(None, Completions.keep, store.served_key(SERVED), "key", Completion("x"), "run")
    for other in (BASE, SERVED):
        store.use(None, Completions.keep, store.served_key(other), "second", Completion("y"), "run")
    assert [*store.undecided([BASE, SERVED])] == [(SERVED, 2)]
    for change in ({"is_fresh": True}, {"is_resuming": True}, {"plan": "other"}):
        assert [*replace(store, **change).undecided([SERVED])] == []
    store.forget_served([BASE, SERVED])
    assert [*store.undecided([SERVED])] == []


def test_what_is_asked_again_is_neither_looked_up_nor_kept(tmp_path, requests):
    again = [replace(r, again=True) for r in requests]
    first = Session(tmp_path, answer=lambda ref, request: "first")
    first.answers(requests)
    second = Session(tmp_path, answer=lambda ref, request: "second")
    assert {c.text for c in second.answers(requests).values()} == {"first"}
    assert {c.text for c in second.answers(again).values()} == {"second"}
    assert second.asked == keys(again)
    third = Session(tmp_path)
    assert {c.text for c in third.answers(requests).values()} == {"first"}


def test_a_model_that_is_another_one_when_it_is_asked_again_is_refused(tmp_path, requests):
    Session(tmp_path).answers(requests)
    later = Session(tmp_path)
    later.answers(requests)
    later.host.weights_sha256 = "1" * 64
    with pytest.raises(ModelUnopened, match="was replaced during the run"):
        later.answers([replace(r, again=True) for r in requests])
