"""``base:FOLDER`` or ``base:HUB_ID``: a whole transformers model."""

from pathlib import Path

from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings, OpenModel
from harness.model_files.fingerprint import deciding_files
from harness.model_files.folders import check_options, check_whole_model, may_be_quantized
from harness.model_files.hub import local_folder

LIBRARIES = ("torch", "transformers", "tokenizers", "bitsandbytes")


def needs(settings: EngineSettings) -> tuple[str, ...]:
    return ("torch", "transformers", *(("bitsandbytes",) if settings.quantize else ()))


def preflight(ref: ModelRef, settings: EngineSettings) -> None:
    check_options(ref)
    check_whole_model(f"--model {ref}", ref.location)


def import_libraries(ref: ModelRef, settings: EngineSettings) -> None:
    from harness.engine.hf.libraries import import_transformers

    is_quantized = settings.quantize is not None or may_be_quantized(ref.location)
    import_transformers(is_quantized=is_quantized)


def files(ref: ModelRef) -> list[Path]:
    return deciding_files(local_folder(ref.location))


def open_model(ref: ModelRef, settings: EngineSettings) -> OpenModel:
    from harness.engine.hf.libraries import quiet

    quiet()
    from harness.engine.hf.foreign_code import with_code
    from harness.engine.hf.loading import describe, load_model, load_tokenizer
    from harness.engine.hf.model import HfModel
    from harness.engine.hf.quantization import quantized_record

    folder = local_folder(ref.location)
    model, tokenizer = load_model(folder, settings), load_tokenizer(folder, settings)
    record = quantized_record(describe(ref, model, tokenizer, folder, folder), settings)
    record = with_code(record, (folder,), settings.trust_remote_code)
    return HfModel(model, tokenizer, record, settings)
