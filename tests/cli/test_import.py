"""``harness import`` as a user types it: what it prints, and one line for each mistake."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from tests.models import TINY_QWEN2

pytestmark = pytest.mark.skipif(find_spec("gguf") is None, reason="without the extra gguf")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.slow
def test_a_file_becomes_a_folder(tmp_path: Path) -> None:
    file, folder = tmp_path / "model.gguf", tmp_path / "folder"
    assert run("export", "gguf", f"base:{TINY_QWEN2}", "-o", file).exit_code == 0
    result = run("import", "gguf", file, "-o", folder)
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"wrote {folder}: Qwen2ForCausalLM, bfloat16, 3.6 MB in ")
    (lost,) = result.stderr.splitlines()
    assert lost.startswith("lost: not in the folder: general.type, general.name")
    assert "OK: 0 problems" in run("doctor", f"base:{folder}").stdout
    record = json.loads((folder / "export.json").read_text())
    assert (record["kind"], record["source"]) == ("import", f"gguf:{file}")
    assert record["outputs"].keys() == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    again = run("import", "gguf", file, "-o", folder)
    assert again.exit_code == 2
    assert again.stderr == f"harness: -o {folder}: holds a model already, add --force\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read (No such file or directory)"), (b"no", "is no GGUF file: it holds 2")],
)
def test_a_mistake_is_one_line(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    result = run("import", "gguf", file, "-o", tmp_path / "folder")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"harness: {file}: {words}")
    assert not (tmp_path / "folder").exists()
