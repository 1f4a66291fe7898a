"""``harness doctor``: what it prints, and how it ends."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.machine import packages
from harness.model_files import hub_state
from tests.model_files.copies import ADAPTER, change, copy
from tests.models import TINY_GPT2, TINY_QWEN2


def doctor(*arguments):
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


@pytest.fixture
def sound(monkeypatch, tmp_path):
    """An installation of which nothing depends on what is installed here."""
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packages, "mismatches", lambda: iter(()))
    monkeypatch.setattr(packages, "missing", lambda: ())


def test_without_a_model_it_looks_at_the_installation(sound, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    extras = (
        packages.Extra("hf", "base: models", {"torch": "2.9"}, ()),
        packages.Extra("train", "harness train", {"torch": "2.9"}, ("trl",)),
        packages.Extra("ray", "--engine ray", {}, ("ray",)),
    )
    monkeypatch.setattr(packages, "extras", lambda: extras)
    done = doctor()
    assert done.exit_code == 0
    assert done.stdout.startswith("OK: nothing is broken; not installed: train, ray\n")
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "hf installed base: models",
        "train in part harness train",
        "lacks trl",
        "ray not installed --engine ray",
        "tasks none in fixtures/tasks",
    ):
        assert line in shown
    assert "offline (HF_HUB_OFFLINE)" in done.stdout
    assert "transformers 5" in done.stdout
    assert "harness doctor KIND:LOCATION looks into the files" in done.stdout


def test_what_is_broken_comes_first_and_ends_with_1(sound, monkeypatch, tmp_path):
    (tmp_path / "store").write_text("no folder")
    (tmp_path / "pyproject.toml").write_text("[tool.harness]\nmodles = []\n")
    old = [packages.Mismatch("torch", "2.4", "torch>=2.6", packages.DISTRIBUTION)]
    other = [packages.Mismatch("tokenizers", "0.1", "tokenizers>=0.2", "transformers")]
    monkeypatch.setattr(packages, "mismatches", lambda: iter([*other, *old]))
    done = doctor()
    assert done.exit_code == 1
    assert done.stdout.startswith("BROKEN: 3 problems, 1 warning")
    installation = json.loads(doctor("--json").stdout)["installation"]
    assert installation["is_sound"] is False
    found = installation["findings"]
    wheres = [f["where"] for f in found if f["level"] == "problem"]
    assert wheres == ["torch", "settings", "store"]
    assert "2.4 is installed, slm-harness wants torch>=2.6" in found[1]["what"]
    assert "did you mean 'models'?" in next(f["what"] for f in found if f["where"] == "settings")


def test_more_threads_than_cores_are_a_warning(sound, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4000")
    done = doctor()
    assert done.exit_code == 0
    assert done.stdout.startswith("OK: nothing is broken, 1 warning")
    assert "4000 threads on" in done.stdout


def test_the_hub_is_asked_where_that_is_wanted(sound, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(hub_state, "problem_reaching", lambda: "no route")
    assert "not asked (--hub asks it)" in doctor().stdout
    done = doctor("--hub")
    assert done.exit_code == 0
    assert "https://huggingface.co is not reached (no route)" in " ".join(done.stdout.split())
    assert "leave out the models" in doctor(f"base:{TINY_QWEN2}", "--hub").stderr


def test_sound_models_end_with_0():
    done = doctor(f"base:{TINY_QWEN2}", f"base:{TINY_GPT2}")
    assert done.exit_code == 0
    assert "nothing is wrong with its files" in done.stdout
    assert done.stdout.startswith("OK: 0 problems, 0 warnings, 1 note in 2 models\n")


def test_a_problem_ends_with_1_and_is_in_the_json(tmp_path):
    qwen = copy(TINY_QWEN2, tmp_path)
    change(qwen / "config.json", vocab_size=7)
    done = doctor(f"base:{qwen}", "--json")
    assert done.exit_code == 1
    (model,) = json.loads(done.stdout)["models"]
    (finding,) = model["findings"]
    assert finding["level"] == "problem"
    assert finding["where"] == "config.json"
    assert model["facts"]["embeddings"] == "1,280 x 256"


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("base:nowhere", "base:nowhere: nowhere is not there"),
        ("bose:x", "unknown kind 'bose', did you mean 'base'?"),
        (f"base:{ADAPTER}", "holds an adapter, say adapter:"),
        ("nothing", "expected kind:location"),
    ],
)
def test_a_mistake_ends_with_2_and_one_line(ref, said):
    done = doctor(ref)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_a_stranger_wrote_cannot_move_the_cursor(tmp_path):
    qwen = copy(TINY_QWEN2, tmp_path)
    change(qwen / "tokenizer_config.json", eos_token="\x1b[2J\u202e")
    done = doctor(f"base:{qwen}")
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
