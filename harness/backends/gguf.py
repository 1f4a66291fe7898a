"""``gguf:FILE[+lora=FILE]``: a GGUF file through llama.cpp, with an optional LoRA GGUF.

A missing file is found before any model loads. A damaged file, an unknown architecture, or a LoRA
for another base is an error of this model only.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.extras import install
from harness.core.modelref import ModelRef
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.engine.llama.environment import set_defaults
from harness.engine.model import EngineSettings, OpenModel
from harness.model_files.chat_template import clock_of
from harness.model_files.fingerprint import sha256_of_file
from harness.model_files.folders import check_file, check_options
from harness.model_files.gguf_header import (
    CHAT_TEMPLATE_KEY,
    DamagedGguf,
    GgufHeader,
    read_gguf_header,
)
from harness.model_files.gguf_tokens import gguf_tokenizer_hash
from harness.model_files.provenance_keys import BASE_WEIGHTS_SHA256, SOURCE_WEIGHTS_SHA256

LIBRARIES = ("llama-cpp-python",)


def needs(settings: EngineSettings) -> tuple[str, ...]:
    return ("llama_cpp",)


def preflight(ref: ModelRef, settings: EngineSettings) -> None:
    check_options(ref, "lora")
    if settings.quantize is not None:
        raise HarnessError(
            f"--model {ref}: --quantize {settings.quantize}: a GGUF is quantised when it is "
            "exported, harness export gguf MODEL -o FILE --type q4_k_m"
        )
    check_file(f"--model {ref}", ref.location)
    if (lora := ref.option("lora")) is not None:
        check_file(f"--model {ref}: its LoRA", lora)


def files(ref: ModelRef) -> list[Path]:
    lora = ref.option("lora")
    return [Path(ref.location), *([Path(lora)] if lora else [])]


def open_model(ref: ModelRef, settings: EngineSettings) -> OpenModel:
    file, lora = Path(ref.location), ref.option("lora")
    set_defaults()
    header = read_pair(file, Path(lora) if lora else None)
    try:
        from harness.engine.llama.library import load
        from harness.engine.llama.model import LlamaModel
        from harness.engine.llama.vocabulary import LlamaVocabulary
    except (ImportError, OSError, RuntimeError) as error:
        raise HarnessError(
            f"--model {ref}: llama-cpp-python cannot be imported ({error}), {install('gguf')}"
        ) from None

    loaded = load(file, Path(lora) if lora else None, settings)
    vocabulary = LlamaVocabulary(loaded, header)
    record = describe(ref, header)
    record = replace(record, parameters=loaded.parameters, device=loaded.device)
    return LlamaModel(loaded, header, vocabulary, record, settings)


def describe(ref: ModelRef, header: GgufHeader) -> ModelRecord:
    """The model's record. As for an adapter, the hash covers the model's weights and the LoRA's."""
    lora, template = ref.option("lora"), header.text(CHAT_TEMPLATE_KEY)
    own = sha256_of_file(Path(ref.location))
    files, weights = {Path(ref.location).name: own}, sha256_of(own)
    if lora is not None:
        over = sha256_of_file(Path(lora))
        files[Path(lora).name] = over
    return ModelRecord(
        ref=str(ref),
        kind=ref.kind,
        name=ref.name,
        files=files,
        weights_sha256=sha256_of([weights, sha256_of(over)]) if lora else weights,
        base=ref.location if lora else None,
        base_sha256=weights if lora else None,
        tokenizer_sha256=gguf_tokenizer_hash(header),
        chat_template_sha256=sha256_of(template) if template else None,
        template_clock=clock_of(template),
        architecture=header.architecture,
        dtype=header.file_type or _commonest_type(header),
    )


def _commonest_type(header: GgufHeader) -> str | None:
    """The type with the most parameters, for a file that names no type."""
    numbers: Counter[str] = Counter()
    for tensor in header.tensors.values():
        numbers[tensor.type.lower()] += tensor.numel
    return max(numbers, key=numbers.__getitem__, default=None)


def read_pair(file: Path, lora: Path | None) -> GgufHeader:
    """The model's header, after checking that the LoRA, if any, fits it.

    Raises:
        HarnessError: a file is damaged or of the wrong kind, or they do not fit together.
    """
    header = _read(file)
    if header.text("general.type") == "adapter":
        raise HarnessError(f"{file.name} is a LoRA, put it over its base: gguf:BASE+lora={file}")
    if lora is None:
        return header
    over = _read(lora)
    if over.text("adapter.type") != "lora":
        raise HarnessError(f"{lora.name} is no LoRA, make one: harness export lora ADAPTER -o FILE")
    if over.architecture != header.architecture:
        raise HarnessError(
            f"{lora.name} is a LoRA for another base, of architecture {over.architecture!r}, "
            f"and {file.name} is {header.architecture!r}"
        )
    wanted, there = over.text(BASE_WEIGHTS_SHA256), header.text(SOURCE_WEIGHTS_SHA256)
    if wanted and there and wanted != there:
        raise HarnessError(
            f"{lora.name} is a LoRA for another base, whose weights are {wanted[:12]}, "
            f"and {file.name} was made of {there[:12]}"
        )
    return header


def _read(file: Path) -> GgufHeader:
    try:
        return read_gguf_header(file)
    except DamagedGguf as error:
        raise HarnessError(f"{file.name} {error}") from None
