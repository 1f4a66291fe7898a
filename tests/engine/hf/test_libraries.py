"""The libraries are imported without garbage collection and without packages that few models need.

Each test has its own process: hidden packages stay hidden.
"""

import json
import subprocess
import sys

from tests.models import ROOT, TINY_QWEN2

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"
PROGRAM = """
import gc, json, sys
from importlib.util import find_spec
from harness.backends import {kind} as backend
from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings

backend.import_libraries(ModelRef({kind!r}, {location!r}), EngineSettings(quantize={quantize!r}))
print(json.dumps({{
    "imported": [n for n in {names!r} if sys.modules.get(n)],
    "to be found": [n for n in {names!r} if find_spec(n)],
    "collects": gc.isenabled(),
    "is frozen": gc.get_freeze_count() > 100_000,
}}))
"""
NAMES = ("torch", "transformers", "peft", "scipy", "bitsandbytes")


def prepared(kind: str, location: object, quantize: str | None = None) -> dict:
    program = PROGRAM.format(kind=kind, location=str(location), quantize=quantize, names=NAMES)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found: dict = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_base_takes_no_peft_and_nothing_for_images():
    found = prepared("base", TINY_QWEN2)
    assert found["imported"] == ["torch", "transformers"]
    assert found["to be found"] == ["torch", "transformers", "peft"]
    assert found["collects"]
    assert found["is frozen"]


def test_an_adapter_takes_nothing_for_quantized_layers():
    assert prepared("adapter", ADAPTER)["imported"] == ["torch", "transformers", "peft"]


def test_a_model_that_is_quantized_as_it_opens_finds_what_quantizes():
    assert {"bitsandbytes", "scipy"} <= {*prepared("adapter", ADAPTER, "nf4")["to be found"]}


def test_a_model_whose_folder_says_that_it_is_quantized_does_too(tmp_path):
    (tmp_path / "config.json").write_text('{"quantization_config": {"quant_method": "x"}}')
    assert "bitsandbytes" in prepared("base", tmp_path)["to be found"]
