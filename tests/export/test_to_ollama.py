"""``harness export ollama`` and ``harness doctor`` on what it wrote, over files of a few bytes."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.export.ollama.modelfile import read
from harness.model_files import conversations, template_probe
from tests.model_files.test_gguf_findings import CHATML, lora, model
from tests.models import TASKS


@pytest.fixture(autouse=True)
def rendered_here(monkeypatch, tmp_path):
    monkeypatch.setattr(conversations, "probe", template_probe._conversations)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def gguf(tmp_path):
    model(tmp_path / "m.gguf")
    return tmp_path / "m.gguf"


def harness(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)])


def export(*arguments, force=False):
    return harness("export", "ollama", *arguments, "-o", "out", *(["--force"] if force else []))


def mistake(*arguments, **options):
    done = export(*arguments, **options)
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    return line.removeprefix("harness: ")


def told(*arguments):
    """Level, place and words of each finding."""
    done = harness("doctor", *arguments, "--json")
    (found,) = json.loads(done.stdout)["models"]
    findings = [(f["level"], f["where"], f["what"]) for f in found["findings"]]
    assert done.exit_code == any(level == "problem" for level, _, _ in findings)
    return findings


def change(file, old, new):
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_a_folder_holds_everything_that_was_tested(gguf, tmp_path):
    lora(tmp_path / "l.gguf")
    task = ("--task", "credit_dispute", "--tasks-dir", TASKS)
    done = export(f"gguf:{gguf}+lora=l.gguf", *task, "--context", 32)
    assert (done.exit_code, done.stderr) == (0, "")
    modelfile = read((tmp_path / "out/Modelfile").read_text("utf-8"))
    assert modelfile.value("FROM") == "./model.gguf"
    assert modelfile.value("ADAPTER") == "./adapter.gguf"
    assert [line.name for line in modelfile.lines if line.name] == [
        *("num_ctx", "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed"),
        *("num_predict", "stop"),
    ]
    assert modelfile.parameters("stop") == ("<|im_end|>",)
    assert modelfile.parameters("num_ctx") == ("32",)
    assert gguf.samefile(tmp_path / "out/model.gguf")
    record = json.loads((tmp_path / "out/export.json").read_text("utf-8"))
    assert (record["kind"], record["type"]) == ("ollama", "f32")
    assert set(record["outputs"]) == {"Modelfile", "model.gguf", "adapter.gguf"}
    assert told("out") == told("ollama:out") == told("out/Modelfile") == []


def test_parameters_and_system_of_ones_own(gguf, tmp_path):
    config = {"do_sample": True, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.05}
    (tmp_path / "g.json").write_text(json.dumps(config))
    done = export(gguf, "--generation-config", "g.json", "--system", 'Be "brief".')
    assert done.exit_code == 0, done.output
    modelfile = read((tmp_path / "out/Modelfile").read_text("utf-8"))
    assert modelfile.value("SYSTEM") == 'Be "brief".'
    for name, value in (("temperature", "0.7"), ("repeat_penalty", "1.05"), ("num_ctx", "64")):
        assert modelfile.parameters(name) == (value,)


def test_what_is_there_is_replaced_only_when_asked(gguf, tmp_path):
    assert export(gguf).exit_code == 0
    assert mistake(gguf) == "-o out: holds a model already, add --force"
    assert export(gguf, force=True).exit_code == 0
    (tmp_path / "out/export.json").unlink()
    assert "holds files that no export made" in mistake(gguf, force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.gguf", "out"]


def test_a_template_that_cannot_be_proven_is_refused(tmp_path):
    model(tmp_path / "m.gguf", template=CHATML.replace("m.content", "m.content | upper"))
    line = mistake("m.gguf")
    assert line.startswith("m.gguf: its chat template cannot be written for Ollama: it does not")
    assert line.endswith("; bring your own with --raw-template FILE")
    assert not (tmp_path / "out").exists()


def test_a_template_of_ones_own_is_held_to_the_same(gguf, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text(
        "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}"
        "<|im_start|>user\n{{ .Prompt }}<|im_end|>\n"
        "<|im_start|>assistant\n{{ .Response }}<|im_end|>\n"
    )
    assert export(gguf, "--raw-template", own).exit_code == 0
    change(own, "user\n", "USER\n")
    line = mistake(gguf, "--raw-template", own, force=True)
    assert line.startswith(f"--raw-template {own} cannot be written for Ollama: the conversation")
    change(own, "USER\n", "user\n")
    change(own, "{{ .Prompt }}", "{{ if eq .Prompt `\x07` }}bell{{ end }}{{ .Prompt }}")
    line = mistake(gguf, "--raw-template", own, force=True)
    assert line.endswith("it has characters that a Modelfile cannot hold")
    own.write_text("{{ .System | upper }}")
    assert "is no template that is known here" in mistake(gguf, "--raw-template", own, force=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.gguf"], "no.gguf: no.gguf is not there"),
        (["m.gguf+lara=x"], "unknown option +lara="),
        (["m.gguf", "--task", "x", "--generation-config", "m.gguf"], "name one"),
        (["m.gguf", "--generation-config", "m.gguf"], "--generation-config m.gguf: "),
        (
            ["m.gguf", "--system", "a\x1b[31mb"],
            "the system message has characters that a Modelfile",
        ),
        (["l.gguf"], "l.gguf: general.type: it is a LoRA, no model"),
        (["gguf:m.gguf+lora=m.gguf"], "m.gguf: adapter.type: is 'None', not lora"),
    ],
)
def test_a_mistake_is_one_line(gguf, tmp_path, arguments, said):
    lora(tmp_path / "l.gguf")
    assert said in mistake(*arguments)


def test_a_file_without_a_template_is_refused(tmp_path):
    model(tmp_path / "m.gguf", template=None)
    assert mistake("m.gguf") == (
        "m.gguf: holds no chat template to convert, export it again with one"
    )


def test_without_parameters_the_export_says_whose_hold(gguf):
    (line,) = export(gguf).stderr.splitlines()
    assert line.startswith("warning: no decoding parameters are written")


def test_doctor_finds_what_a_modelfile_does_otherwise(gguf, tmp_path):
    file = tmp_path / "out/Modelfile"
    export(gguf)
    change(file, "user\n", "User\n")
    change(file, 'PARAMETER stop "<|im_end|>"\n', "")
    change(file, "num_ctx 64", "num_ctx 1e3")
    assert ("problem", "PARAMETER num_ctx", "1e3 is no number of tokens") in told("out")
    change(file, "num_ctx 1e3", "num_ctx 65")
    found = told("out")
    assert [(level, where) for level, where, _ in found[:2]] == [
        ("warning", "Modelfile"),
        ("problem", "TEMPLATE"),
    ]
    assert "'<|im_start|>User\\nWu0" in found[1][2]
    assert ("warning", "PARAMETER stop", "'<|im_end|>', which ends an answer, is missing") in found
    assert any(where == "PARAMETER num_ctx" for _, where, _ in found)


def test_doctor_finds_files_that_are_gone_or_others(gguf, tmp_path):
    export(gguf)
    (tmp_path / "out/model.gguf").unlink()
    assert told("out") == [("problem", "FROM", "./model.gguf is not a file beside it")]
    model(tmp_path / "out/model.gguf", context=63)
    assert ("warning", "model.gguf", "it was changed after the export") in told("out")
    change(tmp_path / "out/Modelfile", "./model.gguf", "x" * 5000)
    assert told("out")[0][:2] == ("problem", "FROM")
    (tmp_path / "out/Modelfile").write_text("nonsense")
    assert told("out") == [
        ("problem", "Modelfile", "line 1: 'nonsense' is no command with a value")
    ]


def test_doctor_names_an_adapter_that_is_gone_or_no_lora(gguf, tmp_path):
    lora(tmp_path / "l.gguf")
    assert export(f"gguf:{gguf}+lora=l.gguf").exit_code == 0
    file = tmp_path / "out/Modelfile"
    change(file, "./adapter.gguf", "x" * 5000)
    found = told("out")
    assert found[-1][:2] == ("problem", "ADAPTER")
    assert found[-1][2].endswith("… is not a file beside it")
    change(file, "x" * 5000, "./model.gguf")
    assert ("problem", "ADAPTER", "./model.gguf: adapter.type: is 'None', not lora") in [
        (level, where, what.partition(";")[0]) for level, where, what in told("out")
    ]


def test_doctor_of_a_folder_without_a_modelfile_is_a_mistake(tmp_path):
    done = harness("doctor", f"ollama:{tmp_path}")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "holds no Modelfile" in done.stderr
