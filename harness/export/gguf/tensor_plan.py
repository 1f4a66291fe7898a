"""Plans the tensors of the GGUF file and their sources, before any tensor is read."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

from harness.core.errors import HarnessError
from harness.export.gguf.architecture import Architecture
from harness.export.gguf.layout import Layout
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.weights import StoredWeights

SUFFIXES = (".weight", ".bias")


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """One tensor of the file."""

    name: str
    """Name in GGUF: ``blk.0.attn_q.weight``."""
    source: str
    """Name in the model's files."""
    layout: Layout
    shape: tuple[int, ...]
    """Shape in GGUF, the slowest axis first."""

    @property
    def stays_float32(self) -> bool:
        """llama.cpp's own converter keeps vectors, norms and learned positions in float32."""
        return (
            len(self.shape) < 2
            or self.name.endswith("_norm.weight")
            or self.name == "position_embd.weight"
        )

    @property
    def numel(self) -> int:
        return math.prod(self.shape)


class Names:
    """Maps transformers' names to GGUF's, by the official table."""

    def __init__(self, config: ModelConfig, architecture: Architecture) -> None:
        self.config, self.architecture = config, architecture
        kinds = {name: kind for kind, name in MODEL_ARCH_NAMES.items()}
        kind: MODEL_ARCH = kinds[architecture.GGUF_NAME]
        self.table = get_tensor_name_map(kind, architecture.blocks(config))

    def full(self, name: str) -> str:
        """The name with the prefix that some checkpoints omit."""
        if name.startswith((self.architecture.PREFIX, "lm_head.")):
            return name
        return self.architecture.PREFIX + name

    def gguf(self, name: str) -> str | None:
        """GGUF's name of a full name; ``None`` where there is none."""
        found: str | None = self.table.get_name(name, try_suffixes=SUFFIXES)
        return found


def plan(
    config: ModelConfig, architecture: Architecture, weights: StoredWeights
) -> tuple[PlannedTensor, ...]:
    """Every tensor of the file, in the model's order.

    Raises:
        HarnessError: the weights contain a tensor that the architecture does not have, or lack one.
    """
    names = Names(config, architecture)
    tensors = {tensor.name: tensor for tensor in _planned(names, weights)}
    _check_complete(names, tensors)
    return tuple(tensors.values())


def _planned(names: Names, weights: StoredWeights) -> Iterator[PlannedTensor]:
    config, architecture = names.config, names.architecture
    is_said_tied = config.values.get("tie_word_embeddings") is True
    for source, shape in weights.shapes.items():
        name = names.full(source)
        if architecture.is_buffer(name):
            continue
        if name == architecture.HEAD and is_said_tied and not weights.has_own_head:
            continue
        gguf_name = names.gguf(name)
        if gguf_name is None:
            raise HarnessError(
                f"{config.file.parent}: {source} is no weight of a {config.architecture}, so that "
                "GGUF has no place for it"
            )
        layout = architecture.layout(config, name)
        yield PlannedTensor(gguf_name, source, layout, layout.shape(shape))


def _check_complete(names: Names, tensors: Mapping[str, PlannedTensor]) -> None:
    """Required tensors: llama.cpp's, and in every block those of the first block."""
    config, architecture = names.config, names.architecture
    wanted = [*architecture.OUTSIDE_BLOCKS]
    if config.values.get("tie_word_embeddings") is False:
        wanted.append(architecture.HEAD)
    start = architecture.BLOCK.format(0)
    wanted += [f"{start}{name}" for name in architecture.IN_EVERY_BLOCK]
    needed = {name: names.gguf(name) for name in wanted}
    for name in [n for n in tensors if n.startswith("blk.0.")]:
        for block in range(architecture.blocks(config)):
            other = f"blk.{block}.{name.removeprefix('blk.0.')}"
            needed[other] = other
    missing = [name for name, gguf_name in needed.items() if gguf_name not in tensors]
    if missing:
        raise HarnessError(
            f"{config.file.parent}: the weights lack {missing[0]}: copy the model again"
        )
