"""``adapter:FOLDER_OR_HUB_ID[+base=FOLDER_OR_HUB_ID]``: a PEFT adapter over its base.

Without ``+base=`` the base is the one that the adapter's configuration names: looked for from the
working directory, from the adapter's folder and from the project's, then on the hub.
"""

from dataclasses import replace
from pathlib import Path

from harness.backends import base as whole_model
from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings, OpenModel
from harness.model_files.fingerprint import adapted_hash, deciding_files
from harness.model_files.folders import (
    adapter_base,
    check_adapter,
    check_options,
    check_whole_model,
    may_be_quantized,
    tokenizer_folder,
)
from harness.model_files.hub import local_folder

LIBRARIES = ("torch", "transformers", "tokenizers", "bitsandbytes", "peft")


def needs(settings: EngineSettings) -> tuple[str, ...]:
    return (*whole_model.needs(settings), "peft")


def preflight(ref: ModelRef, settings: EngineSettings) -> None:
    check_options(ref, "base")
    check_adapter(f"--model {ref}", ref.location)
    base = adapter_base(ref)
    check_whole_model(f"--model {ref}: its base", base)


def import_libraries(ref: ModelRef, settings: EngineSettings) -> None:
    from harness.engine.hf.libraries import import_peft, import_transformers

    is_quantized = settings.quantize is not None or may_be_quantized(adapter_base(ref))
    import_transformers(is_quantized=is_quantized)
    import_peft()


def files(ref: ModelRef) -> list[Path]:
    folders = (local_folder(ref.location), local_folder(adapter_base(ref)))
    return [file for folder in folders for file in deciding_files(folder)]


def open_model(ref: ModelRef, settings: EngineSettings) -> OpenModel:
    from harness.engine.hf.libraries import quiet

    quiet()
    from harness.engine.hf.adapter_loading import load_adapter
    from harness.engine.hf.foreign_code import with_code
    from harness.engine.hf.loading import describe, load_model, load_tokenizer
    from harness.engine.hf.model import HfModel
    from harness.engine.hf.quantization import quantized_record

    folder, base_folder = local_folder(ref.location), local_folder(adapter_base(ref))
    tokens = tokenizer_folder(folder, base_folder)
    base, tokenizer = load_model(base_folder, settings), load_tokenizer(tokens, settings)
    base_record = describe(ref, base, tokenizer, base_folder, tokens)
    model = load_adapter(base, base_folder, folder)
    record = describe(ref, model, tokenizer, folder, tokens)
    record = replace(
        record,
        architecture=base_record.architecture,
        base=str(adapter_base(ref)),
        base_sha256=base_record.weights_sha256,
        weights_sha256=adapted_hash(base_record.weights_sha256, record.weights_sha256),
    )
    record = with_code(record, (folder, base_folder), settings.trust_remote_code)
    return HfModel(model, tokenizer, quantized_record(record, settings), settings)
