"""``harness export card`` as a user types it."""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.model_files.fingerprint import sha256_of_file
from harness.records.runs import write_run
from tests.models import ROOT
from tests.synthetic import ADAPTER, record

ModelCard = pytest.importorskip("huggingface_hub").ModelCard


@pytest.fixture
def folder(folder_outside_ci):
    """An adapter's folder, and a run of it beside its base's."""
    shutil.copytree(ROOT / "fixtures/models/tiny-qwen2-adapter", folder_outside_ci / "out")
    run = record()
    weights = folder_outside_ci / "out/adapter_model.safetensors"
    files = {weights.name: sha256_of_file(weights)}
    models = tuple(replace(m, files=files) if m.ref == ADAPTER else m for m in run.models)
    write_run(replace(run, models=models), folder_outside_ci / "reports/runs")
    write_run(record(run_id="20261120-131502-cd34"), folder_outside_ci / "reports/runs")
    return folder_outside_ci


def card(*arguments):
    return CliRunner().invoke(main, ["export", "card", *map(str, arguments)])


def mistake(*arguments):
    done = card(*arguments)
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    return line.removeprefix("harness: ")


def test_a_card_with_everything(folder):
    run = "20261120-131502-ab12"
    asked = ("--run", run, "--gate", run, run, "--license", "mit", "-o", "card.md")
    done = card("adapter:out", *asked)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("wrote card.md: 7 results, PASS, training recorded, license mit")
    read = ModelCard.load(folder / "card.md")
    assert (read.data.license, read.data.base_model) == ("mit", None)
    assert "**PASS" in read.text
    assert not list((folder / "reports").rglob("*ledger*"))


def test_what_is_there_is_kept(folder):
    assert mistake("out") == "-o out/README.md: is there already, add --force"
    done = card("out", "--force", "--base-model", "org/tiny")
    assert done.stdout == (
        "wrote out/README.md: no run, no gate, training recorded, license unknown\n"
    )
    assert ModelCard.load(folder / "out/README.md").data.base_model == "org/tiny"


def test_a_card_may_be_printed(folder):
    done = card("out", "-o", "-")
    assert done.stdout.startswith("---\nlibrary_name: peft\n")
    assert sorted(path.name for path in folder.iterdir()) == ["out", "reports"]
    assert mistake("out", "-o", "-", "--json") == "-o -: prints the card itself, leave out --json"


def test_mistakes_are_one_line(folder):
    to = ("-o", "card.md")
    assert mistake("nowhere") == "nowhere: is no folder, name an adapter's"
    assert "none with these weights" in mistake("out", "--run", "20261120-131502-cd34", *to)
    runs = ("20261120-131502-ab12", "20261120-131502-cd34")
    assert mistake("out", "--gate", *runs, *to).startswith("--gate: run 20261120-131502-cd34")
    assert "run '2025'" in mistake("out", "--run", "2025", *to)
    assert mistake("out", "-o", "no/card.md") == (
        "-o no/card.md: there is no folder no, make it first"
    )
    training = json.loads((folder / "out/training.json").read_text("utf-8"))
    training["result"]["adapter_sha256"] = "f" * 64
    (folder / "out/training.json").write_text(json.dumps(training))
    assert "tells of other weights" in mistake("out", *to)
    assert not (folder / "card.md").exists()
