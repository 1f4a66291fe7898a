"""Writes an adapter merged into its base as a folder that transformers opens.

A plain LoRA is merged tensor by tensor; other adapters (DoRA, trained modules) are merged by peft,
which loads the whole model. In both cases the sum is computed in float32 and rounded once.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.export.merging.adapter import Adapter
from harness.export.merging.merged_weights import MergedWeights
from harness.export.merging.peft_merge import merge_by_peft
from harness.export.progress import OnTensor
from harness.export.source import Source
from harness.export.tensors.dtypes import STORED_AS, converted
from harness.export.tensors.safetensors_file import Array
from harness.export.tensors.safetensors_writer import write_safetensors
from harness.machine.memory import peak_resident_bytes
from harness.model_files.weights import INDEX

DTYPES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
"""Dtypes as typed, with their names in safetensors."""
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "*.model",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates/*",
)


def write_merged(source: Source, folder: Path, dtype: str, on_tensor: OnTensor) -> int:
    """Write the merged model into ``folder``, which exists and is empty.

    Args:
        dtype: a key of ``DTYPES``.

    Returns:
        Peak resident bytes of the process that merged.

    Raises:
        HarnessError: adapter and base do not fit, or a weight does not fit into the dtype.
        OSError: the folder cannot be written.
    """
    assert source.adapter is not None
    _copy_tokenizer(source.tokenizer_folder, folder)
    if source.adapter.beyond_pairs:
        return merge_by_peft(source.folder, source.adapter, folder, dtype)
    _by_tensor(source, source.adapter, folder, DTYPES[dtype], on_tensor)
    _copy_config(source, folder, dtype)
    return peak_resident_bytes()


def merged_bytes(source: Source, dtype: str) -> int:
    """Size of the merged weights."""
    width = STORED_AS[DTYPES[dtype]].itemsize
    return source.weights.numel * width


def _by_tensor(
    source: Source, adapter: Adapter, folder: Path, dtype: str, on_tensor: OnTensor
) -> None:
    merged = MergedWeights(source.weights, adapter, source.config)
    tensors = source.weights.tensors
    width = STORED_AS[dtype].itemsize
    for file in source.weights.files:
        shapes = {name: t.shape for name, t in tensors.items() if t.file == file}
        write_safetensors(
            folder / file.name, shapes, dtype, _values(merged, shapes, dtype, on_tensor)
        )
    if len(source.weights.files) > 1:
        index = {
            "metadata": {"total_size": source.weights.numel * width},
            "weight_map": {name: t.file.name for name, t in tensors.items()},
        }
        (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def _values(merged: MergedWeights, names: Any, dtype: str, on_tensor: OnTensor) -> Iterator[Array]:
    for name in names:
        values = merged.read(name)
        yield converted(values, merged.dtype(name), dtype, name)
        on_tensor(values.size)


def _copy_config(source: Source, folder: Path, dtype: str) -> None:
    values = dict(source.config.values)
    values.pop("torch_dtype", None)
    values["dtype"] = dtype
    if source.weights.has_own_head:
        values["tie_word_embeddings"] = False
    (folder / "config.json").write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    generation = source.folder / "generation_config.json"
    if generation.is_file():
        shutil.copyfile(generation, folder / generation.name)


def _copy_tokenizer(tokens: Path, folder: Path) -> None:
    for pattern in TOKENIZER_FILES:
        for file in tokens.glob(pattern):
            target = folder / file.relative_to(tokens)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, target)
