"""What a session that is killed leaves of its run, and what takes its place."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from harness.records import runs
from harness.records.runs import read_results, read_run, run_ids, write_run
from tests.synthetic import record


def test_a_killed_session_leaves_a_partial_run_without_answers(tmp_path: Path) -> None:
    run = record(6)
    folder = tmp_path / run.id
    runs.write_outline(replace(run, samples=(), results=()), tmp_path)
    assert run_ids(tmp_path) == [run.id]
    assert read_run(folder) == replace(run, status="partial", samples=(), results=())
    assert read_run(folder / "run.partial.json") == read_run(folder)
    assert read_results(folder).status == "partial"


def test_the_whole_record_takes_the_outline_s_place(tmp_path: Path) -> None:
    run = record(6)
    runs.write_outline(replace(run, samples=(), results=()), tmp_path)
    write_run(run, tmp_path)
    assert sorted(p.name for p in (tmp_path / run.id).iterdir()) == ["run.json", "samples.jsonl"]
    assert read_run(tmp_path / run.id) == run


def test_what_killed_runs_left_half_written_is_removed_and_their_outlines_stay(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    folder = tmp_path / "killed"
    folder.mkdir()
    (folder / "run.partial.json").write_text("{}")
    (folder / f".run.json.{process.pid}.tmp").write_text("{")
    runs.clear_unfinished_runs(tmp_path)
    assert [p.name for p in folder.iterdir()] == ["run.partial.json"]
    runs.clear_unfinished_runs(tmp_path / "none")
