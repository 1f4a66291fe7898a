"""``harness doctor``: what it prints, and how it ends."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.model_files.copies import ADAPTER, change, copy
from tests.models import TINY_GPT2, TINY_QWEN2


def doctor(*arguments):
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


def test_without_a_model_it_looks_at_the_machine():
    done = doctor()
    assert done.exit_code == 0
    assert "transformers 5" in done.stdout
    assert "No model was named" in done.stdout


def test_sound_models_end_with_0():
    done = doctor(f"base:{TINY_QWEN2}", f"base:{TINY_GPT2}")
    assert done.exit_code == 0
    assert "nothing is wrong with its files" in done.stdout
    assert "2 models: 0 problems, 0 warnings, 1 note" in done.stdout


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
