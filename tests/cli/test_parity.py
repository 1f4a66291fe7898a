"""``harness parity``: over stored runs here; over models that answer in ``test_parity_chain``."""

import errno
import json
import os

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core import extras
from harness.parity.file import read_parity
from harness.records.runs import write_run
from tests.models import TASKS, TINY_QWEN2
from tests.parity.records import AFTER, BEFORE, run, sample


@pytest.fixture
def stored(tmp_path):
    """A run of two models that are gone."""
    return write_run(
        run(
            sample(BEFORE, "a", "x", (1, 2)),
            sample(AFTER, "a", "x", (1, 2)),
            sample(BEFORE, "b", "y", (1, 2)),
            sample(AFTER, "b", "z", (1, 3), passed=False),
        ),
        tmp_path,
    )


def parity(*arguments, root=None):
    where = ["--report-dir", str(root)] if root else []
    return CliRunner().invoke(main, ["parity", *map(str, arguments), *where])


def test_a_run_whose_models_are_gone_is_compared_by_its_answers(stored, tmp_path):
    done = parity("made-up", root=tmp_path)
    assert done.exit_code == 0
    assert "1 of 2 answers identical (50.0%)" in done.stdout
    assert "json_validity: 1 regressed, 0 fixed" in done.stdout
    assert "not measured" in done.stdout
    assert "not opened: --model merged:out/gone/m: out/gone/m is not there" in done.stderr
    (pair,) = read_parity(stored).pairs
    (divergence,) = pair.answers[0].divergences
    assert (divergence.case_id, divergence.position, divergence.margin_before) == ("b", 1, None)
    assert divergence.regressed == ("json_validity",)


def test_a_drop_beyond_what_is_allowed_ends_with_1(stored, tmp_path):
    done = parity("made-up", "--max-drop", "2", root=tmp_path)
    assert done.exit_code == 1
    assert "format_success_rate dropped by 50.0 points, 2 are allowed" in done.stderr
    assert parity("made-up", "--max-drop", "50", root=tmp_path).exit_code == 0


def test_answers_that_were_lost_end_with_1(tmp_path):
    lost = sample(AFTER, "a", "", (), error="the backend's process crashed (SIGSEGV)")
    write_run(run(sample(BEFORE, "a", "x", (1, 2)), lost), tmp_path)
    done = parity("made-up", root=tmp_path)
    assert done.exit_code == 1
    said = "did not answer: 1 of 1 answers are missing: the backend's process crashed (SIGSEGV)"
    assert said in done.stderr


@pytest.mark.parametrize("kind", ["text", "json"])
def test_what_was_found_is_printed_where_the_disk_refuses_it(stored, tmp_path, monkeypatch, kind):
    def refuse(path, parts):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("harness.parity.file.write_whole", refuse)
    done = parity("made-up", "--format", kind, root=tmp_path)
    assert done.exit_code == 2
    assert "json_validity" in done.stdout
    assert done.stderr.splitlines()[-1].startswith(f"harness: {stored / 'parity.json'}: No space")


def test_json_is_what_is_kept(stored, tmp_path):
    done = parity("made-up", "--format", "json", root=tmp_path)
    assert json.loads(done.stdout) == json.loads((stored / "parity.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", ["html", "terminal", "json"])
def test_the_report_shows_what_was_found(stored, tmp_path, kind):
    parity("made-up", root=tmp_path)
    arguments = ["report", "made-up", "--report-dir", str(tmp_path), "--format", kind, "-o", "-"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.stderr
    said = {"json": '"identical": 1'}.get(kind, "1 of 2 answers identical (50.0%)")
    assert said in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "neither a folder with run.json"),
        (["base:x"], "base:x: is one model, name the ones that were made from it too"),
        (["base:x", "gguf:y"], "x is not there"),
        (["made-up", "--limit", "3"], "--limit: made-up is a run, its cases were answered"),
        (["made-up", "--task", "a"], "--task: made-up is a run"),
    ],
)
def test_a_mistake_ends_with_2(stored, tmp_path, arguments, said):
    done = parity(*arguments, root=tmp_path)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_run_of_one_model_is_no_chain(tmp_path):
    write_run(run(sample(BEFORE, "a", "x", (1,)), models=(BEFORE,)), tmp_path)
    done = parity("made-up", root=tmp_path)
    assert done.exit_code == 2
    assert "has one model" in done.stderr


def test_models_whose_packages_are_missing_are_not_asked(tmp_path, monkeypatch):
    found = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "torch" else found(name))
    models = (f"base:{TINY_QWEN2}", f"merged:{TINY_QWEN2}")
    done = parity(*models, "--tasks-dir", TASKS, "--task", "json_extraction", root=tmp_path)
    assert done.exit_code == 4
    assert "tiny-qwen2: torch is not installed, pip install " in done.stderr
    assert list(tmp_path.iterdir()) == []
