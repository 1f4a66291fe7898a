"""A whole export: types, record, provenance, and what a failed one leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from gguf import GGUFReader

from harness.core.errors import HarnessError
from harness.export.gguf.file_types import WANT_IMATRIX, check_type, quantized
from harness.export.gguf.quantizer import quantize
from harness.model_files import provenance_keys
from harness.model_files.fingerprint import file_hashes, sha256_of_file, weights_hash
from tests.export import small_models
from tests.export.adapters import adapter
from tests.export.exporting import export_gguf, merge_in_this_process
from tests.export.llama_reading import Llama, expected_logits
from tests.export.test_architectures import IDS, TOLERANCE
from tests.models import ROOT, TINY_QWEN2
from tests.patience import PATIENCE

BUNDLED = ROOT / "fixtures/models/tiny-qwen2-adapter"
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A base of rows that 256 does not divide."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    return small_models.save(small_models.llama(), small_models.byte_level(), folder)


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """The bundled adapter in float32."""
    target = tmp_path_factory.mktemp("merged") / "model.gguf"
    export_gguf(BUNDLED, target)
    return target


def test_the_record_says_what_was_made_of_what(tmp_path):
    target = tmp_path / "model.gguf"
    made = export_gguf(BUNDLED, target, "f32")
    record = json.loads((tmp_path / "model.gguf.export.json").read_text())
    assert record["outputs"] == {
        "model.gguf": {"sha256": sha256_of_file(target), "bytes": target.stat().st_size}
    }
    assert record["base"]["files"] == file_hashes(TINY_QWEN2)
    assert record["adapter"]["files"] == file_hashes(BUNDLED)
    assert record["adapter"]["weights_sha256"] == weights_hash(file_hashes(BUNDLED))
    assert (record["kind"], record["type"], record["merged_in"]) == ("gguf", "f32", "float32")
    assert record["tensors"] == {"f32": 50}
    assert record["versions"]["gguf"]
    assert made.peak_memory.convert_bytes is not None


def test_a_fingerprint_in_the_file_is_the_one_of_a_run_of_the_model(merged):
    from harness.backends.adapter import open_model
    from harness.core.modelref import ModelRef
    from harness.engine.model import EngineSettings

    fields = GGUFReader(merged).fields
    run = open_model(ModelRef("adapter", str(BUNDLED)), EngineSettings()).describe()
    keys = provenance_keys
    assert fields[keys.SOURCE_WEIGHTS_SHA256].contents() == run.weights_sha256
    assert fields[keys.BASE_WEIGHTS_SHA256].contents() == run.base_sha256
    assert fields[keys.TOKENIZER_SHA256].contents() == run.tokenizer_sha256
    assert fields[keys.UNDONE_NORMALIZER].contents() == "NFC"
    assert fields[keys.END_TOKEN_IDS].contents() == [2]
    assert fields[keys.SOURCE].contents() == "adapter:tiny-qwen2-adapter"


def test_template_and_special_tokens_are_in_the_file(tmp_path):
    export_gguf(TINY_QWEN2, tmp_path / "model.gguf")
    fields = GGUFReader(tmp_path / "model.gguf").fields
    template = (TINY_QWEN2 / "chat_template.jinja").read_text("utf-8")
    assert fields["tokenizer.chat_template"].contents() == template
    assert fields["tokenizer.ggml.eos_token_id"].contents() == 2
    assert fields["tokenizer.ggml.padding_token_id"].contents() == 0
    assert "tokenizer.ggml.bos_token_id" not in fields
    assert fields["tokenizer.ggml.add_bos_token"].contents() is False
    assert fields["qwen2.context_length"].contents() == 512


@pytest.mark.parametrize(
    ("tokenizer_end", "configured", "written"),
    [
        ("</s>", 2, (2, None, None)),
        ("</s>", [2, 5, 9], (2, 5, 9)),
        ("<s>", [9, 5], (1, 5, 9)),
        (None, [5], (5, None, None)),
        (None, None, (None, None, None)),
    ],
)
def test_every_token_that_ends_an_answer_ends_it_in_llama_cpp(
    tokenizer_end, configured, written, tmp_path
):
    tokenizer = small_models.byte_level(eos_token=tokenizer_end)
    folder = small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": configured}))
    record = export_gguf(folder, tmp_path / "model.gguf")
    fields = GGUFReader(tmp_path / "model.gguf").fields
    keys = [f"tokenizer.ggml.{name}_token_id" for name in ("eos", "eot", "eom")]
    assert tuple(fields[k].contents() if k in fields else None for k in keys) == written
    ends = fields.get(provenance_keys.END_TOKEN_IDS)
    assert (ends.contents() if ends else []) == sorted(i for i in written if i is not None)
    assert ("names a token that ends" in "".join(record.warnings)) == (written[0] is None)
    opened = Llama(tmp_path / "model.gguf")
    assert all(opened.ends(i) for i in written if i is not None)
    opened.close()


def test_an_adapter_is_merged_without_rounding(merged):
    """Merged into the bfloat16 base, but float32 in the file: transformers' merge in float32."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(TINY_QWEN2, dtype="float32")
    expected = PeftModel.from_pretrained(base, BUNDLED).merge_and_unload()
    tensors = {t.name: t.data for t in GGUFReader(merged).tensors}
    wanted = expected.model.layers[1].mlp.up_proj.weight.detach().numpy()
    assert np.array_equal(tensors["blk.1.ffn_up.weight"], wanted)


def test_an_adapter_that_only_peft_can_merge(tiny, tmp_path, monkeypatch):
    merge_in_this_process(monkeypatch)
    made = adapter(small_models.llama(), tmp_path / "adapter", tiny, use_dora=True)
    export_gguf(tmp_path / "adapter", tmp_path / "model.gguf")
    opened, wanted = Llama(tmp_path / "model.gguf"), expected_logits(made, IDS)
    found = opened.logits(IDS)
    opened.close()
    assert float(np.abs(found - wanted).max()) < TOLERANCE * float(np.abs(wanted).max())
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["adapter", "model.gguf", "model.gguf.export.json"]


def test_an_adapter_that_extended_the_vocabulary(tiny, tmp_path, monkeypatch):
    merge_in_this_process(monkeypatch)
    tokenizer = small_models.byte_level()
    model = small_models.llama()
    tokenizer.add_tokens([f"<new {n}>" for n in range(20)])
    model.resize_token_embeddings(410, mean_resizing=False)
    trained = ["embed_tokens", "lm_head"]
    made = adapter(model, tmp_path / "adapter", tiny, modules_to_save=trained)
    tokenizer.save_pretrained(tmp_path / "adapter")
    export_gguf(tmp_path / "adapter", tmp_path / "model.gguf")
    opened = Llama(tmp_path / "model.gguf")
    assert opened.size == 410
    ids = [1, *opened.tokens("paid<new 7> 12"), 409]
    assert ids[1:-1] == tokenizer("paid<new 7> 12")["input_ids"]
    wanted, found = expected_logits(made, ids), opened.logits(ids)
    opened.close()
    assert float(np.abs(found - wanted).max()) < TOLERANCE * float(np.abs(wanted).max())


def test_stored_type_is_kept_unless_another_is_asked_for(tmp_path):
    record = export_gguf(TINY_QWEN2, tmp_path / "model.gguf", None)
    assert record.type == "bf16"
    assert set(record.tensors) == {"bf16", "f32"}


@pytest.mark.parametrize("kind", ["f16", "q8_0", "q4_k_m"])
def test_shorter_types_open_and_answer_alike(kind, merged, tmp_path):
    record = export_gguf(BUNDLED, tmp_path / "model.gguf", kind)
    prompt = "<|im_start|>user\nAda paid 12.50 on May 3.<|im_end|>\n<|im_start|>assistant\n"
    logits = []
    for path in (merged, tmp_path / "model.gguf"):
        opened = Llama(path)
        logits.append(opened.logits(opened.tokens(prompt))[-1])
        opened.close()
    assert np.corrcoef(logits)[0, 1] > 0.97
    assert record.fallbacks == ()
    assert (tmp_path / "model.gguf").stat().st_size < merged.stat().st_size / 1.9


def test_tensors_that_blocks_do_not_divide_are_named(tiny, tmp_path):
    record = export_gguf(tiny, tmp_path / "model.gguf", "q4_k_m")
    assert "blk.0.attn_q.weight: q4_K -> q5_0" in record.fallbacks
    assert "q4_k" not in record.tensors
    assert sum(record.tensors.values()) == 21
    opened = Llama(tmp_path / "model.gguf")
    assert np.isfinite(opened.logits(IDS)).all()
    opened.close()


def test_rows_that_no_block_divides_stay_float16(tmp_path):
    model = small_models.llama(hidden_size=48, intermediate_size=72)
    folder = small_models.save(model, small_models.byte_level(), tmp_path / "model")
    record = export_gguf(folder, tmp_path / "model.gguf", "q8_0")
    assert "blk.0.attn_q.weight: q8_0 -> f16" in [f.lower() for f in record.fallbacks]
    assert record.tensors == {"f16": 16, "f32": 5}


def test_types_are_those_of_the_quantizer():
    assert check_type("Q4_K_M") == "q4_k_m"
    assert {"q8_0", "q6_k", "q5_k_m", "q5_k_s", "q4_0", "q3_k_l", "q2_k", "iq4_xs"} <= set(
        quantized()
    )
    with pytest.raises(HarnessError, match=r"--type q4_km: no such type, did you mean 'q4_k_m'\?"):
        check_type("q4_km")
    with pytest.raises(HarnessError, match="importance matrix"):
        check_type("iq2_xxs")
    assert check_type("IQ2_XXS", has_matrix=True) == "iq2_xxs"
    with pytest.raises(HarnessError, match="--imatrix: bf16 is not quantised"):
        check_type("bf16", has_matrix=True)


@pytest.mark.slow
def test_every_type_that_is_offered_can_be_made(tmp_path):
    export_gguf(TINY_QWEN2, tmp_path / "f32.gguf")
    for name, number in quantized().items():
        if name in WANT_IMATRIX:
            continue
        quantize(tmp_path / "f32.gguf", tmp_path / f"{name}.gguf", number, lambda n, of: None)
        assert (tmp_path / f"{name}.gguf").stat().st_size > 100_000


def test_what_llama_cpp_cannot_quantize_is_one_line_with_its_log(tmp_path):
    (tmp_path / "no.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(HarnessError, match=r"llama.cpp could not quantise") as error:
        quantize(tmp_path / "no.gguf", tmp_path / "out.gguf", 15, lambda n, of: None)
    assert "\n" not in str(error.value)
    assert "failed to" in str(error.value)


def test_values_that_float16_cannot_hold_leave_nothing(tmp_path):
    import torch

    model = small_models.llama()
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = 1e6
    small_models.save(model, small_models.byte_level(), tmp_path / "model")
    with pytest.raises(HarnessError, match=r"blk.0.ffn_up.weight: holds values beyond float16"):
        export_gguf(tmp_path / "model", tmp_path / "model.gguf", "f16")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_export_that_is_killed_leaves_nothing_under_the_name(tmp_path):
    """Killed outright while it writes; the next one removes what was left."""
    target = tmp_path / "out" / "model.gguf"
    target.parent.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(TINY_QWEN2), str(target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"tensor\n"
        process.send_signal(signal.SIGKILL)
    (left,) = target.parent.iterdir()
    assert left.name.endswith(".partial")
    export_gguf(TINY_QWEN2, target)
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "model.gguf",
        "model.gguf.export.json",
    ]


KILLED = """
import sys
import harness.export.to_gguf as export
from harness.export.source import open_source
from harness.export.tokenizer.tokenizer_reading import load_tokenizer
export.read_tokenizer = load_tokenizer
def slow(advance, whole):
    return lambda numel: (print("tensor", flush=True), sys.stdin.read())
export.counter = slow
export.to_gguf(open_source(sys.argv[1]), export.Path(sys.argv[2]), "f32")
"""


def test_a_converter_of_the_users_own(tmp_path):
    script = tmp_path / "checkout" / "convert_hf_to_gguf.py"
    script.parent.mkdir()
    script.write_text(CONVERTER)
    export_gguf(TINY_QWEN2, tmp_path / "theirs.gguf", "f32")
    os.environ["THEIRS"] = str(tmp_path / "theirs.gguf")
    try:
        record = export_gguf(
            BUNDLED, tmp_path / "model.gguf", "q8_0", converter=tmp_path / "checkout"
        )
    finally:
        del os.environ["THEIRS"]
    assert record.tensors == {"q8_0": 29, "f32": 21}
    assert "none of this project's own keys" in record.warnings[0]
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert asked["outtype"] == "f32"
    assert asked["dtype"] == "float32"
    left = {path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")}
    assert left == set()


CONVERTER = """
import json, os, shutil, sys
from pathlib import Path
folder, _, outfile, _, outtype = sys.argv[1:]
theirs = Path(os.environ["THEIRS"])
config = json.loads((Path(folder) / "config.json").read_text())
asked = {"outtype": outtype, "dtype": config["dtype"]}
(theirs.parent / "asked.json").write_text(json.dumps(asked))
shutil.copyfile(theirs, outfile)
"""


def test_a_converter_that_fails_is_one_line_with_its_last_lines(tmp_path):
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text("import sys; print('loading'); sys.exit('Model X is not supported')")
    with pytest.raises(HarnessError, match=r"exit code 1\): loading | Model X") as error:
        export_gguf(TINY_QWEN2, tmp_path / "model.gguf", converter=script)
    assert "\n" not in str(error.value)
    script.write_text("")
    with pytest.raises(HarnessError, match="it wrote no file"):
        export_gguf(TINY_QWEN2, tmp_path / "model.gguf", converter=script)
    with pytest.raises(HarnessError, match=r"has no convert_hf_to_gguf.py"):
        export_gguf(TINY_QWEN2, tmp_path / "model.gguf", converter=Path(tmp_path / "x"))


def test_a_converter_ends_with_the_export_that_is_killed(tmp_path):
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text(
        "import os, pathlib, time\n"
        "pathlib.Path(__file__).with_name('pid').write_text(f'{os.getpid()}\\n')\n"
        "time.sleep(600)\n"
    )
    command = ("export", "gguf", str(TINY_QWEN2), "-o", str(tmp_path / "model.gguf"))
    export = subprocess.Popen(
        [sys.executable, "-m", "harness", *command, "--converter", str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    noted = tmp_path / "pid"
    while not (noted.is_file() and noted.read_text().endswith("\n")):
        assert export.poll() is None
    converter = psutil.Process(int(noted.read_text()))
    export.kill()
    export.wait()
    converter.wait(timeout=PATIENCE)


@pytest.mark.slow
def test_peak_memory_is_below_two_shards(tmp_path):
    """A model of the real widths in several files: the bound is two of the largest file plus what
    one tensor needs on its way out, measured in the exporting process."""
    from benchmarks.random_model import write_random_model

    write_random_model(tmp_path / "model", layers=2, shards=3)
    files = list((tmp_path / "model").glob("*.safetensors"))
    assert len(files) == 3
    for kind, bytes_wide in (("bf16", 2), ("q4_k_m", 2)):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "harness", "export", "gguf", str(tmp_path / "model")),
                *("-o", str(tmp_path / f"{kind}.gguf"), "--type", kind),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / f"{kind}.gguf.export.json").read_text())
        largest = max(file.stat().st_size for file in files)
        buffer = 151_936 * 896 * bytes_wide
        assert record["peak_memory"]["convert_bytes"] < 2 * largest + buffer
        if kind == "q4_k_m":
            assert record["peak_memory"]["quantize_bytes"] < 2 * largest + buffer


@pytest.mark.parametrize(
    ("template", "warning"),
    [
        ("{{ strftime_now('%Y') }}{{ messages[0].content }}", "the chat template reads the clock"),
        (
            "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}",
            "a prompt does not open the answer: '[assistant]' is missing at its end",
        ),
    ],
)
def test_what_is_odd_about_the_prompts_of_its_template_is_a_warning(template, warning, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(TINY_QWEN2, folder)
    answered = "{% if messages[1:] %}{{ messages[1].content }}{% endif %}"
    text = template if "for" in template else template + answered
    (folder / "chat_template.jinja").write_text(text, "utf-8")
    record = export_gguf(folder, tmp_path / "model.gguf", "f32")
    assert [w for w in record.warnings if w.startswith(f"chat_template.jinja: {warning}")]
