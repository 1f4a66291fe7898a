"""The store of completions: what it keeps, what it refuses to give back, and how it fails."""

import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.case import Message
from harness.core.completion import Completion, FinishReason, Origin, Timing
from harness.core.grammar import Grammar
from harness.core.logprobs import Logprobs
from harness.core.plan import Request, Sampling, fingerprint_of
from harness.core.record import ModelRecord
from harness.records.completions import Completions, owner_of, request_key
from harness.records.completions_file import FILE, StoreFailed, put_aside

MODEL = "m" * 64
ANSWER = Completion(
    'cut \ud83d in two, "ü"',
    FinishReason.LENGTH,
    case_id="case-1",
    repeat=2,
    token_ids=(3, 5, 8),
    prompt_tokens=7,
    timing=Timing(1.0, 0.5, 4),
)


def request(text: str = "hello", **more) -> Request:
    given = {"sampling": Sampling(), **more}
    return Request("task", "case-1", (Message("user", text),), **given)


@pytest.fixture
def store(tmp_path):
    store = Completions(tmp_path / "cache")
    yield store
    store.close()


# What determines an answer


def test_the_same_prompt_in_another_task_or_under_another_id_is_the_same_request():
    asked = request()
    assert request_key(replace(asked, task="other", case_id="else")) == request_key(asked)


@pytest.mark.parametrize(
    "other",
    [
        request("hello "),
        request(sampling=Sampling(max_new_tokens=255)),
        request(sampling=Sampling(repetition_penalty=1.1)),
        request(sampling=Sampling(temperature=0.5)),
        request(repeat=1),
        request(template=(("enable_thinking", False),)),
        request(grammar=Grammar("{}", "llguidance 1")),
    ],
)
def test_another_prompt_or_decoding_is_another_request(other):
    assert request_key(other) != request_key(request())


def test_a_grammar_is_its_schema_as_one_version_of_a_library_reads_it():
    grammars = [Grammar("{}", "l 1"), Grammar("{}", "l 2"), Grammar('{"type":"null"}', "l 1")]
    assert len({request_key(request(grammar=g)) for g in grammars}) == 3


def test_free_decoding_has_the_keys_that_it_always_had():
    assert (
        request_key(request()) == "44c64f79f1127fc39e1ca085cf5bbd799365c036a3b9aab085fdb63c59bd4e22"
    )
    assert (
        fingerprint_of([request()])
        == "6d72bb382194161b66dca2f4adb1a0738953ce0ef99add1cee09745bdd190a1e"
    )


def test_the_seed_belongs_to_sampled_requests_alone():
    greedy, sampled = Sampling(), Sampling(temperature=1.0)
    assert request_key(request(sampling=replace(greedy, seed=9))) == request_key(request())
    other = request(sampling=replace(sampled, seed=9))
    assert request_key(other) != request_key(request(sampling=sampled))
    # Its seed follows from the case's id, so another case's answer is another draw.
    renamed = replace(request(sampling=sampled), case_id="case-2")
    assert request_key(renamed) != request_key(request(sampling=sampled))


# Keeping and finding


def test_an_answer_comes_back_as_it_was_but_for_its_case_and_its_times(store):
    store.keep(MODEL, "k", ANSWER, "run-1")
    (found,) = store.find(MODEL, ["k", "unknown"]).values()
    assert found.completion == replace(ANSWER, case_id="", repeat=0, timing=None)
    assert found.origin.run == "run-1"
    assert store.find("n" * 64, ["k"]) == {}


def test_many_answers_are_found_at_once(store):
    keys = [f"k{n}" for n in range(1_201)]
    for key in keys:
        store.keep(MODEL, key, replace(ANSWER, text=key), "run-1")
    found = store.find(MODEL, keys)
    assert {key: f.completion.text for key, f in found.items()} == {key: key for key in keys}


def test_a_stored_answer_is_not_given_a_second_origin(store):
    store.keep(MODEL, "k", replace(ANSWER, origin=Origin("old", "2020")), "run-2")
    assert store.find(MODEL, ["k"])["k"].completion.origin is None
    assert store.find(MODEL, ["k"])["k"].origin.run == "run-2"


def test_a_model_is_kept_without_its_measurements(store):
    record = ModelRecord("base:x", "base", "x", files={"a": "b"}, device="cpu", load_seconds=2.0)
    store.keep_model(MODEL, replace(record, peak_memory_mb=9.0, generate_seconds=1.0))
    assert store.record_of(MODEL) == replace(record, load_seconds=None)
    assert store.record_of("n" * 64) is None


def test_answers_survive_the_death_of_the_process(tmp_path):
    code = f"""
import os, pathlib
from harness.core.completion import Completion
from harness.records.completions import Completions
store = Completions(pathlib.Path({str(tmp_path)!r}))
for n in range(50):
    store.keep("m", f"k{{n}}", Completion(str(n)), "run")
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    store = Completions(tmp_path)
    assert len(store.find("m", [f"k{n}" for n in range(60)])) == 50
    store.close()


# Damage


def test_a_changed_answer_is_as_if_it_was_never_stored(store):
    for key in ("k", "l"):
        store.keep(MODEL, key, ANSWER, "run-1")
    with store.transaction() as connection:
        connection.execute(
            "update answers set answer = replace(answer, 'two', 'six') where request = 'k'"
        )
    assert list(store.find(MODEL, ["k", "l"])) == ["l"]
    assert store.claim(MODEL, ["k", "l"]) == ["k"]


def test_a_closed_store_is_not_taken_for_a_damaged_one(store):
    store.close()
    with pytest.raises(StoreFailed, match="closed"):
        store.find(MODEL, ["k"])
    assert [file.name for file in store.path.parent.glob("*damaged*")] == []


def test_sessions_that_make_the_store_at_the_same_time_share_it(tmp_path):
    """Processes, since a lock of SQLite's is one process' own."""
    code = """
import pathlib, sys, time
from harness.core.completion import Completion
from harness.records.completions import Completions
while time.time() < float(sys.argv[2]):
    pass
store = Completions(pathlib.Path(sys.argv[1]))
assert store.note is None, store.note
store.keep("m", sys.argv[3], Completion("x"), "run")
"""
    start = str(time.time() + 1)
    command = [sys.executable, "-c", code, str(tmp_path), start]
    sessions = [subprocess.Popen([*command, f"k{n}"], stderr=subprocess.PIPE) for n in range(5)]
    assert [session.communicate()[1] for session in sessions] == [b""] * 5
    store = Completions(tmp_path)
    assert len(store.find("m", [f"k{n}" for n in range(5)])) == 5
    store.close()


def test_a_file_that_another_session_put_aside_is_not_put_aside_again(tmp_path):
    Completions(tmp_path).close()
    path = tmp_path / FILE
    assert put_aside(path, path.stat().st_ino + 1, "damaged", "reason") is None
    assert path.is_file()


def test_a_changed_model_is_as_if_it_was_never_stored(store):
    store.keep_model(MODEL, ModelRecord("base:x", "base", "x"))
    with store.transaction() as connection:
        connection.execute("update models set record = replace(record, 'base:x', 'base:y')")
    assert store.record_of(MODEL) is None


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5_000]
)
def test_a_damaged_file_is_put_aside_and_another_is_begun(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    store = Completions(tmp_path)
    assert "put aside as completions.sqlite3.damaged-" in store.note
    store.keep(MODEL, "k", ANSWER, "run-1")
    assert store.find(MODEL, ["k"])
    store.close()
    (aside,) = tmp_path.glob(f"{FILE}.damaged-*")
    assert aside.read_bytes() == content


def test_a_file_damaged_in_its_middle_is_put_aside_when_that_is_seen(tmp_path):
    store = Completions(tmp_path)
    for n in range(500):
        store.keep(MODEL, f"k{n}", replace(ANSWER, text="x" * 500), "run-1")
    store.compact()
    store.close()
    content = bytearray((tmp_path / FILE).read_bytes())
    content[8_192:] = b"\xaa" * (len(content) - 8_192)
    (tmp_path / FILE).write_bytes(content)
    store = Completions(tmp_path)
    with pytest.raises(StoreFailed, match="put aside as"):
        store.find(MODEL, [f"k{n}" for n in range(500)])
    store.close()
    store = Completions(tmp_path)
    store.keep(MODEL, "k", ANSWER, "run-2")
    assert store.find(MODEL, ["k"])
    store.close()


def test_an_older_layout_is_put_aside_whole(tmp_path):
    older = sqlite3.connect(tmp_path / FILE)
    older.executescript("create table answers (a); insert into answers values (1);")
    older.close()
    store = Completions(tmp_path)
    assert "older layout 0" in store.note
    store.close()
    (aside,) = tmp_path.glob(f"{FILE}.version-0-*")
    with sqlite3.connect(aside) as kept:
        assert kept.execute("select a from answers").fetchall() == [(1,)]


def test_a_later_layout_is_left_alone(tmp_path):
    later = sqlite3.connect(tmp_path / FILE)
    later.executescript("pragma user_version = 99; create table answers (a);")
    later.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreFailed, match="later version"):
        Completions(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_full_disk_fails_in_one_line_and_keeps_what_is_there(store):
    store.keep(MODEL, "k", ANSWER, "run-1")
    with store.transaction() as connection:
        pages = connection.execute("pragma page_count").fetchone()[0]
    store._connection.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(StoreFailed, match="full"):
        store.keep(MODEL, "l", replace(ANSWER, text="x" * 100_000), "run-1")
    assert list(store.find(MODEL, ["k", "l"])) == ["k"]


def test_a_folder_that_cannot_be_made_fails_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="file"):
        Completions(tmp_path / "file" / "cache")


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_only_its_user_can_read_the_folder(store):
    assert store.path.parent.stat().st_mode & 0o077 == 0


# Claims


def other(store: Completions, owner: str) -> Completions:
    """Another session's view of the same store."""
    session = Completions(store.path.parent)
    session.owner = owner
    return session


def test_a_living_session_s_claims_are_its_own(store):
    alive = owner_of(os.getppid())
    session = other(store, alive)
    assert session.claim(MODEL, ["a", "b"]) == ["a", "b"]
    assert store.claim(MODEL, ["a", "b", "c"]) == ["c"]
    assert store.claim("n" * 64, ["a"]) == ["a"]
    session.release(MODEL)
    assert store.claim(MODEL, ["a", "b"]) == ["a", "b"]
    session.close()


@pytest.mark.parametrize("owner", ["999999999 1.00", "this 1.00", "nonsense", ""])
def test_a_dead_session_s_claims_are_free(store, owner):
    session = other(store, owner.replace("this", str(os.getpid())))
    session.claim(MODEL, ["a"])
    assert store.claim(MODEL, ["a"]) == ["a"]
    session.close()


def test_what_was_answered_meanwhile_is_not_claimed(store):
    session = other(store, "1 1.00")
    session.keep(MODEL, "a", ANSWER, "run-1")
    assert store.claim(MODEL, ["a", "b"]) == ["b"]
    session.close()


def test_an_answer_without_log_probabilities_is_claimed_for_them(store):
    logprobs = Logprobs.of([22], [-0.5], ["}"], [-1.5])
    for key, given in (("bare", None), ("whole", logprobs)):
        store.keep(MODEL, key, replace(ANSWER, logprobs=given), "run-1")
    assert store.claim(MODEL, ["bare", "whole"]) == []
    assert store.claim(MODEL, ["bare", "whole", "new"], has_logprobs=True) == ["bare", "new"]
    assert store.find(MODEL, ["whole"])["whole"].completion.logprobs == logprobs


def test_what_is_answered_is_not_claimed_and_a_dead_session_leaves_no_claim(store):
    store.owner = "1 0.00"
    store.claim(MODEL, ["a", "b"])
    store.keep(MODEL, "a", ANSWER, "run-1")
    store.owner = owner_of(os.getpid())
    assert store.claim(MODEL, ["a", "b"]) == ["b"]
    with store.transaction() as connection:
        claims = connection.execute("select request, owner from claims").fetchall()
    assert claims == [("b", store.owner)]


def test_the_store_is_a_file_in_its_folder(tmp_path: Path):
    Completions(tmp_path / "a" / "b").close()
    assert (tmp_path / "a" / "b" / FILE).is_file()
