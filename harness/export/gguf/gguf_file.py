"""Writes a GGUF file of an unquantised type, one tensor at a time, with the ``gguf`` package."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gguf import GGMLQuantizationType, GGUFValueType, GGUFWriter, LlamaFileType

from harness.core.errors import HarnessError
from harness.export.gguf.architecture import Architecture
from harness.export.gguf.tensor_plan import PlannedTensor
from harness.export.progress import OnTensor
from harness.export.tensors.dtypes import STORED_AS, converted
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array
from harness.export.tensors.weights import TensorReader
from harness.export.tokenizer.vocabulary import GgufVocabulary
from harness.model_files import provenance_keys

FILE_TYPES = {
    "F32": LlamaFileType.ALL_F32,
    "F16": LlamaFileType.MOSTLY_F16,
    "BF16": LlamaFileType.MOSTLY_BF16,
}
END_KEYS = 3
"""EOS, EOT and EOM."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model, ready to be written."""

    config: ModelConfig
    architecture: Architecture
    weights: TensorReader
    tensors: tuple[PlannedTensor, ...]
    vocabulary: GgufVocabulary
    name: str
    provenance: Mapping[str, str] = field(default_factory=dict)
    end_ids: tuple[int, ...] = ()
    """Tokens that end an answer."""

    @property
    def numel(self) -> int:
        return sum(tensor.numel for tensor in self.tensors)

    def bytes_as(self, dtype: str) -> int:
        """Size of the tensors in a file of this type."""
        return sum(
            t.numel * STORED_AS["F32" if t.stays_float32 else dtype].itemsize for t in self.tensors
        )


def write_model(model: ModelFile, path: Path, dtype: str, on_tensor: OnTensor) -> None:
    """Write the model with its weights as ``F32``, ``F16`` or ``BF16``.

    Raises:
        HarnessError: a weight does not fit into the type, or cannot be read.
        OSError: the file cannot be written.
    """
    writer = GGUFWriter(path, model.architecture.GGUF_NAME)
    with closing(writer):
        writer.add_type("model")
        writer.add_name(model.name)
        writer.add_file_type(FILE_TYPES[dtype])
        model.architecture.add_parameters(model.config, writer)
        add_vocabulary(writer, model.vocabulary)
        add_provenance(writer, model.provenance)
        _add_ends(writer, model.vocabulary.loaded.eos_id, model.end_ids)
        _write_tensors(writer, model, dtype, on_tensor)


def add_provenance(writer: GGUFWriter, provenance: Mapping[str, str]) -> None:
    for key, value in provenance.items():
        writer.add_string(key, value)


def add_vocabulary(writer: GGUFWriter, vocabulary: GgufVocabulary) -> None:
    loaded = vocabulary.loaded
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    # An explicit type: gguf cannot infer it from an empty list.
    key = "tokenizer.ggml.token_type"
    writer.add_key_value(key, vocabulary.kinds, GGUFValueType.ARRAY, GGUFValueType.INT32)
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
    if vocabulary.merges:
        writer.add_token_merges(vocabulary.merges)
    for token_id, add in (
        (loaded.bos_id, writer.add_bos_token_id),
        (loaded.pad_id, writer.add_pad_token_id),
        (loaded.unk_id, writer.add_unk_token_id),
    ):
        if token_id is not None:
            add(token_id)
    writer.add_add_bos_token(vocabulary.adds_bos)
    writer.add_add_eos_token(vocabulary.adds_eos)
    if vocabulary.adds_space is not None:
        writer.add_add_space_prefix(vocabulary.adds_space)
    if loaded.chat_template:
        writer.add_chat_template(loaded.chat_template)


def _add_ends(writer: GGUFWriter, eos_id: int | None, end_ids: tuple[int, ...]) -> None:
    """Writes the tokens that end an answer in transformers. llama.cpp has keys for three of them,
    and recognises others by their text."""
    if not end_ids:
        return
    kinds = (GGUFValueType.ARRAY, GGUFValueType.INT32)
    writer.add_key_value(provenance_keys.END_TOKEN_IDS, end_ids, *kinds)
    first = end_ids[0] if eos_id is None else eos_id
    places = (writer.add_eos_token_id, writer.add_eot_token_id, writer.add_eom_token_id)
    for token_id, add in zip(sorted(end_ids, key=lambda i: i != first), places, strict=False):
        add(token_id)


def end_warnings(ids: tuple[int, ...]) -> tuple[str, ...]:
    """A warning where llama.cpp stops at other tokens than transformers: there are none, or more
    than GGUF has keys for."""
    if not ids:
        return (
            "neither the tokenizer nor generation_config.json names a token that ends an answer, "
            "llama.cpp takes one by its number",
        )
    if len(ids) > END_KEYS:
        return (
            f"{len(ids)} tokens end an answer, GGUF has places for {END_KEYS}: llama.cpp knows the "
            "others only by their spelling",
        )
    return ()


def _write_tensors(writer: GGUFWriter, model: ModelFile, dtype: str, on_tensor: OnTensor) -> None:
    extra = model.architecture.extra_tensors(model.config)
    for name, values in extra.items():
        writer.add_tensor_info(name, values.shape, values.dtype, values.nbytes)
    for tensor in model.tensors:
        _announce(writer, tensor, dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for values in itertools.chain(extra.values(), _values(model, dtype)):
        writer.write_tensor_data(values)
        on_tensor(values.size)


def _announce(writer: GGUFWriter, tensor: PlannedTensor, dtype: str) -> None:
    kept = "F32" if tensor.stays_float32 else dtype
    storage = STORED_AS[kept]
    writer.add_tensor_info(
        tensor.name,
        tensor.shape,
        storage,
        tensor.numel * storage.itemsize,
        raw_dtype=GGMLQuantizationType[kept],
    )


def _values(model: ModelFile, dtype: str) -> Iterator[Array]:
    for tensor in model.tensors:
        stored = tensor.layout.of_weight(model.weights.read(tensor.source))
        if stored.shape != tensor.shape:
            raise HarnessError(f"{tensor.source}: has shape {stored.shape}, not {tensor.shape}")
        wanted = "F32" if tensor.stays_float32 else dtype
        yield converted(stored, model.weights.dtype(tensor.source), wanted, tensor.name)
