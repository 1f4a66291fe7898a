"""``harness store``: its subcommands over a store with two models."""

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.completion import Completion
from harness.core.record import ModelRecord
from harness.files.cache_folder import STORE_VARIABLE
from harness.records.completions import Completions


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path))
    store = Completions(tmp_path)
    for model, answers in (("base", 30), ("adapter", 20)):
        store.keep_model(model * 10, ModelRecord(f"{model}:here", model, "here"))
        for n in range(answers):
            store.keep(model * 10, f"k{n}", Completion("x" * 2_000), "run-1")
    store.close()
    return tmp_path


def harness(*arguments: str):
    return CliRunner().invoke(main, ["store", *arguments])


def test_info_counts_the_answers_of_each_model():
    result = harness("info")
    assert result.exit_code == 0
    assert ": 50 answers, 0." in result.output
    assert [line.split()[0] for line in result.output.splitlines()[1:]] == ["30", "20"]
    assert "base:here" in result.output


def test_verify_names_what_was_changed(cache):
    assert harness("verify").exit_code == 0
    store = Completions(cache)
    with store.transaction() as connection:
        connection.execute("update answers set answer = 'x' where request = 'k3'")
    store.close()
    result = harness("verify")
    assert result.exit_code == 1
    assert "48 answers are whole, 2 faults" in result.output


def test_clear_drops_one_model_and_refuses_an_unknown_one():
    assert "30 answers of base:here dropped" in harness("clear", "--model", "base:here").output
    result = harness("clear", "--model", "adapter:her")
    assert result.exit_code == 2
    assert "did you mean adapter:here" in result.output.replace("'", "")
    assert ": 20 answers" in harness("info").output


def test_gc_drops_what_is_old_then_what_is_too_much(cache):
    assert harness("gc").exit_code == 2
    assert "0 answers dropped" in harness("gc", "--keep-days", "1").output
    store = Completions(cache)
    with store.transaction() as connection:
        connection.execute("update answers set used = 0 where model like 'base%'")
        connection.execute("update answers set answer = hex(randomblob(200000))")
    store.close()
    assert "30 answers dropped" in harness("gc", "--keep-days", "1").output
    result = harness("gc", "--max-mb", "4")
    assert 0 < int(result.output.split(": ")[1].split()[0]) < 20
    assert sum(file.stat().st_size for file in cache.glob("*.sqlite3*")) <= 4_500_000


def test_a_store_that_is_turned_off_is_said_so(monkeypatch):
    monkeypatch.setenv(STORE_VARIABLE, "false")
    result = harness("info")
    assert result.exit_code == 2
    assert "turned off" in result.output


def test_a_file_in_the_way_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "file"))
    result = harness("info")
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
