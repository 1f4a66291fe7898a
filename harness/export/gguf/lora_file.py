"""Writes a LoRA as GGUF, to be applied to the GGUF of its base.

llama.cpp adds ``alpha / r * B @ A`` to a weight (``src/llama-adapter.h``), with one alpha for the
file and each pair's own r. peft's scaling (rsLoRA, patterns) is folded into that alpha; where pairs
differ, the difference is folded into their B.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gguf import GGMLQuantizationType, GGUFWriter, Keys

from harness.core.errors import HarnessError
from harness.export.gguf.architecture import Architecture
from harness.export.gguf.gguf_file import FILE_TYPES, add_provenance
from harness.export.gguf.tensor_plan import Names, PlannedTensor
from harness.export.merging.adapter import Adapter, Pair
from harness.export.progress import OnTensor
from harness.export.tensors.dtypes import STORED_AS, from_float32, to_float32
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array, read_tensor
from harness.model_files.safetensors_header import Tensor


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A LoRA over a base, ready to be written."""

    config: ModelConfig
    """The base's."""
    architecture: Architecture
    pairs: Mapping[str, Pair]
    """By GGUF's name of the weight below."""
    name: str
    provenance: Mapping[str, str]

    @property
    def numel(self) -> int:
        return sum(p.a.numel + p.b.numel for p in self.pairs.values())


def check_expressible(adapter: Adapter) -> None:
    """Raise a HarnessError where a LoRA in GGUF cannot hold the adapter."""
    if adapter.beyond_pairs:
        raise HarnessError(
            f"{adapter.folder}: has {adapter.beyond_pairs}, which a LoRA in GGUF cannot hold: "
            "export the whole model with harness export gguf"
        )


def pairs_by_tensor(
    adapter: Adapter,
    config: ModelConfig,
    architecture: Architecture,
    tensors: tuple[PlannedTensor, ...],
) -> dict[str, Pair]:
    """The adapter's pairs by the GGUF tensor that each updates.

    Args:
        tensors: the tensors of the base's GGUF.

    Raises:
        HarnessError: the base's GGUF has no such tensor, or one of another shape.
    """
    names, there = Names(config, architecture), {t.name: t for t in tensors}
    pairs: dict[str, Pair] = {}
    for pair in adapter.pairs:
        name = names.gguf(names.full(f"{pair.module}.weight"))
        update = (pair.b.shape[0], pair.a.shape[1])
        if name is None or name not in there:
            raise HarnessError(
                f"{adapter.folder}: updates {pair.module}, which the GGUF of {config.file.parent} "
                "does not have: name the adapter's own base with +base="
            )
        if there[name].shape != update:
            raise HarnessError(
                f"{adapter.folder}: its update of {pair.module} has shape {update}, the base's "
                f"weight {there[name].shape}: name the adapter's own base with +base="
            )
        pairs[name] = pair
    return pairs


def write_lora(lora: LoraFile, path: Path, dtype: str, on_tensor: OnTensor) -> None:
    """Write the pairs as ``F32`` or ``F16``.

    Raises:
        HarnessError: a value does not fit into float16.
        OSError: the file cannot be written.
    """
    alpha = common_alpha(lora.pairs)
    writer = GGUFWriter(path, lora.architecture.GGUF_NAME)
    with closing(writer):
        writer.add_type("adapter")
        writer.add_name(lora.name)
        writer.add_file_type(FILE_TYPES[dtype])
        writer.add_string(Keys.Adapter.TYPE, "lora")
        writer.add_float32(Keys.Adapter.LORA_ALPHA, alpha)
        add_provenance(writer, lora.provenance)
        for name, pair in lora.pairs.items():
            for suffix, tensor in ((".lora_a", pair.a), (".lora_b", pair.b)):
                size = tensor.numel * STORED_AS[dtype].itemsize
                kind = GGMLQuantizationType[dtype]
                writer.add_tensor_info(name + suffix, tensor.shape, STORED_AS[dtype], size, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, pair in lora.pairs.items():
            a, b = _matrices(lora, pair, alpha)
            for suffix, values in ((".lora_a", a), (".lora_b", b)):
                writer.write_tensor_data(from_float32(values, dtype, name + suffix))
                on_tensor(values.size)


def common_alpha(pairs: Mapping[str, Pair]) -> float:
    """The alpha of most pairs, for a scaling of alpha / r."""
    return Counter(pair.scaling * pair.rank for pair in pairs.values()).most_common(1)[0][0]


def _matrices(lora: LoraFile, pair: Pair, alpha: float) -> tuple[Array, Array]:
    name = f"{pair.module}.weight"
    layout = lora.architecture.layout(lora.config, Names(lora.config, lora.architecture).full(name))
    b = layout.of_lora_b(_float32(pair.b))
    share = pair.scaling * pair.rank / alpha if alpha else 1.0
    return _float32(pair.a), b if share == 1.0 else b * share


def _float32(tensor: Tensor) -> Array:
    return to_float32(read_tensor(tensor), tensor.dtype)
