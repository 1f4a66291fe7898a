"""An adapter merged into its base, as a folder that transformers opens.

A plain LoRA is merged tensor by tensor; what is more than that (DoRA, trained modules) by peft,
which loads the whole model. Either way the sum is made in float32 and rounded once.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.export.adapter import Adapter
from harness.export.merged_weights import MergedWeights
from harness.export.numbers import STORED_AS, converted
from harness.export.safetensors_file import Array
from harness.export.safetensors_writer import write_safetensors
from harness.export.source import Source
from harness.export.weights import INDEX

DTYPES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
"""As typed, and as safetensors names them."""
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
OnTensor = Callable[[str, int], None]


def write_merged(source: Source, folder: Path, dtype: str, on_tensor: OnTensor) -> None:
    """Write the merged model into ``folder``, which is there and empty.

    Args:
        dtype: a key of ``DTYPES``.

    Raises:
        HarnessError: adapter and base do not fit, or a weight does not fit into the dtype.
        OSError: the folder cannot be written.
    """
    assert source.adapter is not None
    if source.adapter.beyond_pairs:
        _by_peft(source, source.adapter, folder, dtype)
    else:
        _by_tensor(source, source.adapter, folder, DTYPES[dtype], on_tensor)
        _copy_config(source, folder, dtype)
    _copy_tokenizer(source.tokenizer_folder, folder)


def merged_bytes(source: Source, dtype: str) -> int:
    """Size of the merged weights."""
    width = STORED_AS[DTYPES[dtype]].itemsize
    return sum(t.elements for t in source.weights.tensors.values()) * width


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
            "metadata": {"total_size": sum(t.elements for t in tensors.values()) * width},
            "weight_map": {name: t.file.name for name, t in tensors.items()},
        }
        (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def _values(merged: MergedWeights, names: Any, dtype: str, on_tensor: OnTensor) -> Iterator[Array]:
    for name in names:
        values = merged.read(name)
        yield converted(values, merged.dtype(name), dtype, name)
        on_tensor(name, values.size)


def _copy_config(source: Source, folder: Path, dtype: str) -> None:
    values = dict(source.config.values)
    values.pop("torch_dtype", None)
    values["dtype"] = dtype
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


def _by_peft(source: Source, adapter: Adapter, folder: Path, dtype: str) -> None:
    """peft's own ``merge_and_unload``, over the base in float32."""
    from harness.engine.hf import quiet

    quiet()
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    try:
        base = AutoModelForCausalLM.from_pretrained(source.folder, dtype=torch.float32)
        rows = _trained_rows(adapter)
        if rows is not None and rows != base.get_input_embeddings().weight.shape[0]:
            base.resize_token_embeddings(rows, mean_resizing=False)
        model: Any = PeftModel.from_pretrained(base, adapter.folder)
        merged = model.merge_and_unload(safe_merge=True)
    except (ValueError, RuntimeError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise HarnessError(
            f"{adapter.folder}: peft cannot merge it into {source.folder} ({reason:.200})"
        ) from None
    merged.to(getattr(torch, dtype)).save_pretrained(folder)


def _trained_rows(adapter: Adapter) -> int | None:
    """Rows of an embedding that the adapter brings along: its vocabulary may have been extended."""
    for tensor in adapter.others:
        if re.search(r"(embed_tokens|wte|lm_head)\.(base_layer\.)?weight$", tensor.name):
            return tensor.shape[0]
    return None
