"""The check on a GPU: what it does without one, and its path on a CPU."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu_check import __main__ as gpu_check
from benchmarks.gpu_check import answers, trainings
from benchmarks.gpu_check.training_process import fill
from benchmarks.random_model import SHAPES, tensors, write_random_model
from harness.engine.hf.quantization import nf4_config


@pytest.fixture
def hole(tmp_path: Path) -> Path:
    """A model of two layers without values."""
    write_random_model(tmp_path / "model", shape="5m", layers=2, has_values=False)
    return tmp_path / "model"


def test_without_a_gpu_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_check, "machine", lambda: {"gpus": None})
    output = tmp_path / "gpu.json"
    with pytest.raises(SystemExit, match="there is no CUDA GPU here, so nothing was measured"):
        gpu_check.main(["--output", str(output)])
    assert not output.exists()


def test_what_fails_is_a_part_that_is_not_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*arguments: Any) -> Any:
        raise subprocess.TimeoutExpired("train", 1.0)

    for module, name in ((trainings, "measured"), (trainings, "again"), (answers, "verdicts")):
        monkeypatch.setattr(module, name, failing)
    monkeypatch.setattr(answers, "speed", lambda *_: {"is_right": True})
    output = tmp_path / "gpu.json"
    with pytest.raises(SystemExit) as ended:
        gpu_check.main(["--device", "cpu", "--output", str(output)])
    assert ended.value.code == 1
    assert "NOT as it should be" in capsys.readouterr().out
    right = {"answers a second": True, "verdicts": False, "the same adapter again": False}
    parts = json.loads(output.read_text())["parts"]
    assert [part["part"] for part in parts[:2]] == ["training", "answers a second"]
    assert {part["part"]: part["is_right"] for part in parts} == {**right, "training": False}
    assert all("TimeoutExpired" in part["error"] for part in parts if not part["is_right"])


def test_groups_of_parts_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "speed", lambda *_: {"is_right": True})
    output = tmp_path / "gpu.json"
    with pytest.raises(SystemExit) as ended:
        gpu_check.main(["--device", "cpu", "--output", str(output), "--groups", "answers"])
    assert ended.value.code == 0
    (part,) = json.loads(output.read_text())["parts"]
    assert part["part"] == "answers a second"


def test_a_model_without_values_takes_no_room(hole: Path) -> None:
    from safetensors import safe_open

    weights = hole / "model.safetensors"
    assert weights.stat().st_blocks * 512 < 100_000 < weights.stat().st_size
    with safe_open(weights, "pt") as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    assert found == tensors({**SHAPES["5m"], "num_hidden_layers": 2})


@pytest.mark.parametrize("is_quantized", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_its_weights_become_random(hole: Path, is_quantized: bool) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    settings: dict[str, Any] = {"dtype": torch.bfloat16}
    if is_quantized:
        pytest.importorskip("bitsandbytes")
        config = nf4_config(torch.bfloat16, has_double_quantization=True)
        settings |= {"quantization_config": config, "device_map": {"": "cpu"}}
    model = AutoModelForCausalLM.from_pretrained(hole, **settings)
    fill(model)
    layer = model.model.layers[0].mlp.up_proj
    weight = layer.weight
    if is_quantized:
        from bitsandbytes.functional import dequantize_4bit

        weight = dequantize_4bit(weight.data, weight.quant_state)
    assert weight.shape == (640, 320)
    assert float(weight.float().std()) == pytest.approx(0.02, rel=0.05)
    assert bool((model.model.norm.weight == 1).all())


@pytest.mark.slow
def test_the_path_itself_on_a_cpu(tmp_path: Path) -> None:
    output = tmp_path / "gpu.json"
    with pytest.raises(SystemExit) as ended:
        gpu_check.main(["--device", "cpu", "--output", str(output), "--cases", "4"])
    assert ended.value.code == 0
    parts = json.loads(output.read_text())["parts"]
    found = {part["part"]: part for part in parts}
    assert found["verdicts"]["float32"]["cases"] == 8
    assert found["verdicts"]["float32"]["equal_answers"] == 8
    assert found["the same adapter again"]["has_same_bits"]
    assert found["answers a second"]["rounds"][0]["errors"] == 0
    trained = [part for part in parts if part["part"] == "training"]
    assert [part["recipe"] for part in trained] == ["strict_json_4gb", "assistant_7b_dpo"]
    for training in trained:
        assert training["estimated"]["peak"] == pytest.approx(training["peak_mb"], rel=0.5)
