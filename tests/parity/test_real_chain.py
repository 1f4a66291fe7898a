"""The whole chain on the bundled adapter, as a user walks it: merge, convert, quantise, compare.

It checks the statements of the README and ``docs/parity.md``, with 300 cases of a task.
"""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.modelref import ModelRef
from harness.parity.file import read_parity
from harness.records.runs import find_run
from tests.model_files.copies import ADAPTER
from tests.models import TASKS, TINY_QWEN2
from tests.project import Project

pytestmark = pytest.mark.slow


def run(*arguments):
    done = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Parity of base, adapter, merged, f32, q8_0 and q4_k_m, and where its run is."""
    folder = tmp_path_factory.mktemp("chain")
    merged = folder / "merged"
    run("export", "merge", ADAPTER, "--base", TINY_QWEN2, "-o", merged, "--dtype", "float32")
    refs = [f"base:{TINY_QWEN2}", f"adapter:{ADAPTER}+base={TINY_QWEN2}", f"merged:{merged}"]
    for kind in ("f32", "q8_0", "q4_k_m"):
        file = folder / f"{kind}.gguf"
        run("export", "gguf", merged, "-o", file, "--type", kind)
        refs.append(f"gguf:{file}")
    options = ["--tasks-dir", TASKS, "--task", "json_extraction", "--threads", "1"]
    run("parity", *refs, *options, "--dtype", "float32", "--max-drop", "1", "--report-dir", folder)
    found = find_run("latest", folder)
    return read_parity(found), found


def pairs(chain):
    adapter, merged, f32, q8, q4 = chain[0].pairs
    return {"adapter": adapter, "merged": merged, "f32": f32, "q8_0": q8, "q4_k_m": q4}


def test_every_model_reads_every_prompt_alike(chain):
    for name, pair in pairs(chain).items():
        assert pair.reading.prompts == 300, name
        assert pair.reading.is_same, name


def test_copies_in_full_precision_begin_alike_and_answer_alike(chain):
    """llama.cpp's cache is float16, whatever the file is."""
    for name, difference in (("merged", 1e-3), ("f32", 1e-2)):
        pair = pairs(chain)[name]
        assert pair.is_copy
        assert pair.first_step.agreement == 1
        assert pair.first_step.max_difference < difference
        (answers,) = pair.answers
        assert answers.identical >= 0.99 * answers.cases
        for found in answers.divergences:
            assert abs(found.margin_before) < 1e-2, found


def test_eight_bits_cost_less_than_a_point(chain):
    success = pairs(chain)["q8_0"].answers[0].success
    assert abs(success.rate_before - success.rate_after) <= 0.01


def test_every_difference_comes_with_its_tokens_and_margins(chain):
    for name in ("q8_0", "q4_k_m"):
        for found in pairs(chain)[name].answers[0].divergences:
            assert found.before.text is not None
            assert found.margin_before is not None
            assert found.margin_after is not None
            # Each model prefers its own token: the shift is at least the sum of both margins.
            assert found.shift >= found.margin_before + found.margin_after - 1e-4


def test_what_each_model_takes_is_measured(chain):
    for model in chain[0].models:
        assert model.size_bytes > 1_000_000
        assert model.peak_memory_mb > 10
        assert model.tokens_per_second > 1
        assert 0 < model.p50_seconds["json_extraction"] <= model.p95_seconds["json_extraction"]
    sizes = [m.size_bytes for m in chain[0].models[3:]]
    assert sizes == sorted(sizes, reverse=True)


def test_training_further_is_no_copy(chain):
    assert not pairs(chain)["adapter"].is_copy


def test_a_record_is_enough_to_measure_it_again(chain):
    before, folder = chain
    run("parity", folder, "--threads", "1")
    assert read_parity(folder).pairs == before.pairs


def test_the_suites_hold_the_same_chain(chain, tmp_path):
    *_, merged, f32, q8, _ = (model.ref for model in chain[0].models)
    models = [part for ref in (merged, f32, q8) for part in ("--model", ref)]
    project = Project(tmp_path)
    project.bundled_suite("test_parity.py")
    options = ("--tasks-dir", str(TASKS), "--task", "json_extraction", "--limit", "5")
    done = project.pytest("suites", "--parity", *models, *options, "--threads", "1")
    assert done.code == 0, done.out
    assert done.counts() == {"passed": 4}
    assert done.out.count("5 of 5 prompts read as the same tokens") == 2
    assert done.out.count("logits differ by") == 2


def test_a_tokenizer_that_lost_a_merge_is_caught(chain, tmp_path):
    """The merge that makes ``JSON`` one token, a word of every prompt."""
    merged = Path(ModelRef.parse(chain[0].models[2].ref).location)
    changed = tmp_path / "changed"
    shutil.copytree(merged, changed)
    file = changed / "tokenizer.json"
    tokenizer = json.loads(file.read_text("utf-8"))
    tokenizer["model"]["merges"].remove(["JS", "ON"])
    file.write_text(json.dumps(tokenizer), "utf-8")
    options = ["--tasks-dir", str(TASKS), "--task", "json_extraction", "--limit", "3"]
    arguments = ["parity", f"merged:{merged}", f"merged:{changed}", *options]
    done = CliRunner().invoke(main, [*arguments, "--report-dir", str(tmp_path / "runs")])
    assert done.exit_code == 1
    assert "prompts are not read alike: json_extraction-000: other tokens, token " in done.stderr
    assert "0 of 3 prompts read as the same tokens" in done.stdout
