"""Opens transformers models and tokenizers from a folder, and records what was opened."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.core.modelref import ModelRef
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.engine.hf.device import choose_device, choose_dtype
from harness.engine.hf.foreign_code import (
    NO_FOREIGN_CODE,
    code_as_allowed,
    foreign_code_refused,
)
from harness.engine.hf.quantization import numel, quantized_model
from harness.engine.model import EngineSettings
from harness.engine.prompt import template_of
from harness.model_files.chat_template import clock_of
from harness.model_files.fingerprint import file_hashes, weights_hash
from harness.model_files.tokenizer_hash import tokenizer_hash


def load_model(folder: Path, settings: EngineSettings) -> Any:
    """A causal language model in evaluation mode, on its device."""
    device = choose_device(settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with code_as_allowed(folder, settings) as code:
        if settings.quantize:
            return quantized_model(AutoModelForCausalLM, folder, device, settings, code)
        dtype = choose_dtype(folder, device, settings)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **code)
    return model.to(device).eval()


def load_tokenizer(folder: Path, settings: EngineSettings | None = None) -> Any:
    """The tokenizer; without settings, whose code never runs."""
    if settings is None:
        with foreign_code_refused(folder):
            return AutoTokenizer.from_pretrained(folder, **NO_FOREIGN_CODE)
    with code_as_allowed(folder, settings) as code:
        return AutoTokenizer.from_pretrained(folder, **code)


def describe(ref: ModelRef, model: Any, tokenizer: Any, folder: Path, tokens: Path) -> ModelRecord:
    """The record of a model: ``folder`` holds its weights, ``tokens`` its tokenizer's files."""
    hashes = file_hashes(folder)
    template = template_of(tokenizer)
    return ModelRecord(
        ref=str(ref),
        kind=ref.kind,
        name=ref.name,
        files=hashes,
        weights_sha256=weights_hash(hashes),
        tokenizer_sha256=tokenizer_hash(tokens),
        chat_template_sha256=sha256_of(template) if template else None,
        template_clock=clock_of(template),
        architecture=(model.config.architectures or [type(model).__name__])[0],
        parameters=numel(model),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(model.device),
    )
