"""``harness import gguf``: a GGUF file as a folder that transformers opens."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.export_record import ExportRecord
from harness.core.printable import excerpt
from harness.export.gguf.architecture import Architecture, known_architectures
from harness.export.gguf.keys import GgufKeys
from harness.export.gguf.rope import llama3_parameters
from harness.export.importing.tensors import (
    ROPE_FACTORS,
    ImportedTensor,
    held_dtype,
    imported_tensors,
    quantized_types,
    read_tensor,
    weights,
)
from harness.export.importing.tokenizer import ImportedTokenizer, imported_tokenizer
from harness.export.importing.verification import verify
from harness.export.merged_folder import DTYPES
from harness.export.progress import bar, counter
from harness.export.record import import_record, text_of
from harness.export.tensors.dtypes import STORED_AS
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_writer import write_safetensors
from harness.export.to_merged import NAMES
from harness.files import staging as output
from harness.files.atomic import publish_folder
from harness.model_files import provenance_keys
from harness.model_files.fingerprint import stamp_of
from harness.model_files.gguf_header import DamagedGguf, GgufHeader, read_gguf_header
from harness.model_files.weights import SINGLE

EMBEDDING, HEAD = "token_embd.weight", "output.weight"
SHOWN = 8
"""Keys that are named where they are left behind; the others are counted."""


@dataclass(frozen=True, slots=True)
class GgufModel:
    """A GGUF file whose metadata is read and understood, but not its weights."""

    file: Path
    keys: GgufKeys
    architecture: Architecture
    tokenizer: ImportedTokenizer
    settings: dict[str, Any]
    """``config.json``."""

    @property
    def header(self) -> GgufHeader:
        return self.keys.header


def from_gguf(file: Path, target: Path, dtype: str | None, has_force: bool) -> ExportRecord:
    """Write the folder ``target``, its record within.

    Args:
        dtype: a key of ``DTYPES``; ``None`` takes the narrowest that rounds nothing.

    Raises:
        HarnessError: the file is damaged, the model or its tokenizer is not known here, or the
            target cannot be written.
    """
    start, stamp = time.monotonic(), stamp_of(file)
    model = read_model(file)
    output.check_folder(target, has_force, (file,))
    with output.staged(target) as staging:
        folder = staging.path("folder")
        folder.mkdir()
        (folder / "config.json").write_text(_json(model.settings), "utf-8")
        config = ModelConfig(folder / "config.json")
        tensors = imported_tensors(file, model.header, config, model.architecture)
        written = DTYPES[dtype] if dtype else held_dtype(file, tensors)
        _check_space(target, tensors, written)
        _write_small_files(model, folder, NAMES[written])
        changes = _verified(model, folder, tensors)
        _write_weights(file, tensors, written, folder)
        if stamp_of(file) != stamp:
            raise HarnessError(f"{file} was replaced while it was imported, run it again")
        record = import_record(
            file,
            folder,
            type=NAMES[written],
            architecture=model.settings["architectures"][0],
            tensors={written.lower(): len(tensors)},
            pre_tokenizer=model.keys.value("tokenizer.ggml.pre"),
            warnings=(*_losses(model, NAMES[written]), *changes),
            start=start,
        )
        (folder / output.RECORD_FILE).write_text(text_of(record), "utf-8")
        publish_folder(folder, target, staging.path("previous"))
    return record


def read_model(file: Path) -> GgufModel:
    """Read the metadata.

    Raises:
        HarnessError: as for ``from_gguf``.
    """
    try:
        header = read_gguf_header(file)
    except DamagedGguf as error:
        raise HarnessError(f"{file}: {error}") from None
    keys = GgufKeys(file, header)
    architecture = _architecture(file, header)
    tokenizer = imported_tokenizer(keys)
    return GgufModel(file, keys, architecture, tokenizer, _settings(keys, architecture, tokenizer))


def _architecture(file: Path, header: GgufHeader) -> Architecture:
    if header.text("general.type") == "adapter":
        raise HarnessError(f"{file}: is a LoRA, name the GGUF file of a whole model")
    known = {found.GGUF_NAME: found for found in known_architectures()}
    if header.architecture not in known:
        raise HarnessError(
            f"{file}: architecture {excerpt(header.architecture)!r} is not known here, known: "
            f"{', '.join(sorted(known))}"
        )
    return known[header.architecture]


def _settings(
    keys: GgufKeys, architecture: Architecture, tokenizer: ImportedTokenizer
) -> dict[str, Any]:
    found = architecture.settings(keys)
    tensors = keys.header.tensors
    blocks = keys.whole("block_count")
    if blocks > len(tensors):
        raise keys.refuse("block_count", f"is {blocks:,}, the file has {len(tensors):,} tensors")
    if (rows := tensors[EMBEDDING].shape[0] if EMBEDDING in tensors else 0) != tokenizer.size:
        raise HarnessError(
            f"{keys.file}: the embeddings have {rows:,} rows, the vocabulary lists "
            f"{tokenizer.size:,}: the file is damaged"
        )
    keys.value(f"{keys.architecture}.vocab_size")
    found |= _biases(keys)
    if ROPE_FACTORS in tensors:
        found["rope_parameters"] = _llama3(keys, found)
    return {
        "architectures": [architecture.CLASSES[0]],
        "model_type": architecture.GGUF_NAME,
        "vocab_size": rows,
        **found,
        "tie_word_embeddings": HEAD not in tensors,
        **tokenizer.special_ids,
    }


def _biases(keys: GgufKeys) -> dict[str, bool]:
    """Llama's settings for biases, which other architectures do not read."""
    names = {"attention_bias": "blk.0.attn_q.bias", "mlp_bias": "blk.0.ffn_down.bias"}
    return {setting: True for setting, name in names.items() if name in keys.header.tensors}


def _llama3(keys: GgufKeys, found: dict[str, Any]) -> dict[str, Any]:
    rope, factors = found.get("rope_parameters", {}), keys.header.tensors[ROPE_FACTORS]
    if rope.get("rope_type") == "default" and factors.type == "F32":
        values = read_tensor(keys.file, ROPE_FACTORS, factors)
        if parameters := llama3_parameters(rope["rope_theta"], found["head_dim"], values):
            return parameters
    raise HarnessError(f"{keys.file}: its {ROPE_FACTORS} are those of no Llama 3")


def _check_space(target: Path, tensors: tuple[ImportedTensor, ...], dtype: str) -> None:
    width = STORED_AS[dtype].itemsize
    output.check_space(target, sum(t.stored.numel for t in tensors) * width)


def _write_small_files(model: GgufModel, folder: Path, dtype: str) -> None:
    ends = model.tokenizer.end_ids
    generation: dict[str, object] = dict(model.tokenizer.special_ids)
    if ends:
        generation |= {"eos_token_id": ends[0] if len(ends) == 1 else list(ends)}
    files = {
        **model.tokenizer.files,
        "config.json": _json(model.settings | {"dtype": dtype}),
        "generation_config.json": _json(generation),
    }
    for name, text in files.items():
        try:
            (folder / name).write_text(text, "utf-8", newline="\n")
        except UnicodeEncodeError:
            raise HarnessError(f"{model.file}: its {name} would hold what is no UTF-8") from None


def _verified(
    model: GgufModel, folder: Path, tensors: tuple[ImportedTensor, ...]
) -> tuple[str, ...]:
    try:
        return verify(folder, {t.weight: t.shape for t in tensors})
    except HarnessError as error:
        raise HarnessError(f"{model.file}: {error}") from None


def _write_weights(
    file: Path, tensors: tuple[ImportedTensor, ...], dtype: str, folder: Path
) -> None:
    with bar(f"writing {NAMES[dtype]}") as advance:
        count = counter(advance, sum(t.stored.numel for t in tensors))

        def counted() -> Iterator[Any]:
            for values in weights(file, tensors, dtype):
                yield values
                count(values.size)

        write_safetensors(folder / SINGLE, {t.weight: t.shape for t in tensors}, dtype, counted())


def _losses(model: GgufModel, dtype: str) -> Iterator[str]:
    """A line for everything that the folder does not have from the file, or the file not from the
    model that it was made of."""
    if kinds := quantized_types(model.header.tensors):
        shown = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        yield (
            f"{sum(kinds.values())} of {len(model.header.tensors)} tensors are quantised "
            f"({shown}): the folder holds their rounded values in {dtype}, not the original model's"
        )
    yield from model.tokenizer.losses
    own = f"{model.keys.architecture}."
    unread = list(model.keys.unread())
    if unknown := [key for key in unread if key.startswith(own)]:
        yield f"transformers computes without {_some(unknown)}"
    if others := [key for key in unread if not key.startswith((own, provenance_keys.PREFIX))]:
        yield f"not in the folder: {_some(others)}"


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(map(excerpt, keys[:SHOWN])) + more


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2) + "\n"
