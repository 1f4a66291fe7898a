"""``harness export`` as a user types it: what it prints, and one line for each mistake."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.extras import install
from tests.models import ROOT, TINY_GPT2, TINY_QWEN2

pytestmark = pytest.mark.skipif(
    find_spec("llama_cpp") is None or find_spec("gguf") is None, reason="without the extra gguf"
)

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


def export(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def mistake(*arguments: object, code: int = 2) -> str:
    """The one line that a failed export says."""
    result = export(*arguments)
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("harness: ")
    assert result.stdout == ""
    return line.removeprefix("harness: ")


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled adapter names its base from there."""
    monkeypatch.chdir(ROOT)


def test_gguf_of_an_adapter(tmp_path: Path) -> None:
    target = tmp_path / "model.gguf"
    result = export("gguf", f"adapter:{ADAPTER}", "-o", target, "--type", "Q8_0")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"wrote {target}: q8_0, merged in float32, 1.9 MB (29 q8_0, 21 f32) in ")
    (warning,) = result.stderr.splitlines()
    assert warning.startswith("warning: the tokenizer normalises text by NFC")
    assert "\x1b" not in result.output
    record = json.loads((tmp_path / "model.gguf.export.json").read_text("utf-8"))
    assert record["warnings"] == [warning.removeprefix("warning: ")]
    line = mistake("gguf", ADAPTER, "-o", target)
    assert line == f"-o {target}: model.gguf is there already, add --force"


def test_merge_says_its_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/harness", "export", "merge", "x"])
    result = export("merge", ADAPTER, "-o", tmp_path / "merged")
    assert result.exit_code == 0, result.output
    assert ": bfloat16, merged in float32, 3.6 MB (50 bf16) in " in result.stdout
    record = json.loads((tmp_path / "merged/export.json").read_text("utf-8"))
    assert record["command"] == ["harness", "export", "merge", "x"]
    assert (tmp_path / "merged/chat_template.jinja").is_file()


def test_lora(tmp_path: Path) -> None:
    result = export("lora", ADAPTER, "-o", tmp_path / "lora.gguf", "--type", "f16")
    assert result.exit_code == 0, result.output
    assert ": f16, 0.4 MB (56 f16) in " in result.stdout


def test_the_base_can_be_named(tmp_path: Path) -> None:
    moved = shutil.copytree(TINY_QWEN2, tmp_path / "base")
    result = export("lora", ADAPTER, "-o", tmp_path / "lora.gguf", "--base", moved)
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "lora.gguf.export.json").read_text("utf-8"))
    assert record["base"]["folder"] == str(moved)
    again = export("lora", f"adapter:{ADAPTER}+base={moved}", "-o", tmp_path / "again.gguf")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "lora.gguf").read_bytes() == (tmp_path / "again.gguf").read_bytes()


def test_help_and_mistakes_come_without_anything_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from harness.cli import main\n"
        "for a in (['export', '--help'], ['export', 'gguf', '--help'], sys.argv[1:]):\n"
        "    try: main(a)\n"
        "    except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'peft', 'llama_cpp', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    wrong = ["export", "gguf", str(tmp_path), "-o", str(tmp_path / "x.gguf")]
    done = subprocess.run([sys.executable, "-c", code, *wrong], capture_output=True, text=True)
    assert "is no model, it has no config.json" in done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def copy(folder: Path, **changes: object) -> Path:
    """The bundled adapter with another configuration."""
    shutil.copytree(ADAPTER, folder)
    config = json.loads((folder / "adapter_config.json").read_text("utf-8")) | changes
    (folder / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    return folder


def test_models_that_are_not_there(tmp_path: Path) -> None:
    out = ("-o", tmp_path / "x.gguf")
    assert "no_such is not there" in mistake("gguf", tmp_path / "no_such", *out)
    assert mistake("gguf", "gguf:x.gguf", *out).startswith(
        "gguf:x.gguf: only base, merged, adapter models are exported"
    )
    assert "holds an adapter, say adapter:" in mistake("gguf", f"base:{ADAPTER}", *out)
    assert "holds a whole model, say base:" in mistake("lora", f"adapter:{TINY_QWEN2}", *out)
    assert "is a whole model, export lora is for adapters" in mistake("lora", TINY_QWEN2, *out)
    assert "there is no adapter to merge" in mistake("merge", TINY_QWEN2, *out)
    assert "--base is for adapters" in mistake("gguf", TINY_QWEN2, *out, "--base", TINY_QWEN2)
    assert "no such type, did you mean 'q4_k_m'?" in mistake(
        "gguf", TINY_QWEN2, *out, "--type", "q4km"
    )
    assert list(tmp_path.iterdir()) == []


def test_adapters_whose_base_is_wrong(tmp_path: Path) -> None:
    out = ("-o", tmp_path / "x.gguf")
    lost = copy(tmp_path / "lost", base_model_name_or_path="../gone")
    assert "its base ../gone is not there, add +base=FOLDER" in mistake("gguf", lost, *out)
    none = copy(tmp_path / "none", base_model_name_or_path=None)
    line = mistake("lora", none, *out)
    assert "names no base, add +base=FOLDER" in line
    assert line.startswith("adapter:")
    quantized = shutil.copytree(TINY_QWEN2, tmp_path / "quantised")
    config = json.loads((quantized / "config.json").read_text("utf-8"))
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (quantized / "config.json").write_text(json.dumps(config), "utf-8")
    line = mistake("merge", ADAPTER, "-o", tmp_path / "m", "--base", quantized)
    assert "is stored quantised (bitsandbytes)" in line
    assert "name the unquantised base with --base" in line


def test_damaged_weights(tmp_path: Path) -> None:
    broken = shutil.copytree(TINY_QWEN2, tmp_path / "broken")
    weights = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    line = mistake("gguf", broken, "-o", tmp_path / "x.gguf")
    assert "model.safetensors: was cut short: " in line
    damaged = copy(tmp_path / "damaged")
    (damaged / "adapter_model.safetensors").write_bytes(b"")
    assert "was cut short" in mistake("merge", damaged, "-o", tmp_path / "m")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken", "damaged"]


def test_a_tokenizer_that_llama_cpp_cannot_run(tmp_path: Path) -> None:
    other = shutil.copytree(TINY_GPT2, tmp_path / "other")
    rules = json.loads((other / "tokenizer.json").read_text("utf-8"))
    rules["pre_tokenizer"]["add_prefix_space"] = True
    (other / "tokenizer.json").write_text(json.dumps(rules), "utf-8")
    line = mistake("gguf", other, "-o", tmp_path / "x.gguf")
    assert line.startswith(f"{other}: a blank put before the text cannot be expressed in GGUF")
    assert [p.name for p in tmp_path.iterdir()] == ["other"]


def test_missing_packages_are_named_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.core import extras

    there = extras.find_spec
    missing = {"gguf", "llama_cpp"}
    monkeypatch.setattr(extras, "find_spec", lambda n: None if n in missing else there(n))
    out = ("-o", tmp_path / "x")
    line = mistake("lora", tmp_path, *out, code=4)
    assert line == f"exporting: gguf is not installed, {install('hf', 'gguf')}"
    assert "is no model" in mistake("merge", tmp_path, *out)
    missing.remove("gguf")
    assert "is no model" in mistake("gguf", tmp_path, *out, "--type", "f16")
    assert "llama-cpp-python is not" in mistake("gguf", tmp_path, *out, "--type", "q8_0", code=4)
