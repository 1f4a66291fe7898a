"""The protocol of an architecture's file, and the choice of the file for a model."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from harness.core.errors import HarnessError
from harness.core.suggestion import nearest
from harness.export.gguf import architectures
from harness.export.gguf.keys import GgufKeys
from harness.export.gguf.layout import Layout
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array


class Architecture(Protocol):
    """``ARCHITECTURE`` of a file of ``harness/export/architectures``: one family of models."""

    CLASSES: tuple[str, ...]
    """Values of ``architectures`` in a ``config.json``."""
    PREFIX: str
    """Prefix of all weight names except the head's; some checkpoints omit it."""
    OUTSIDE_BLOCKS: tuple[str, ...]
    """Weights that llama.cpp requires beside the blocks: the token embedding, the last norm."""
    BLOCK: str
    """Prefix of the names of a block's weights, with ``{}`` for its number."""
    IN_EVERY_BLOCK: tuple[str, ...]
    """Weights that llama.cpp requires in each block."""
    HEAD: str
    """The output projection's name; without it the embedding is it."""
    GGUF_NAME: str
    """llama.cpp's name for it: ``general.architecture``."""

    def check(self, config: ModelConfig) -> tuple[str, ...]:
        """Warnings. Raises HarnessError where llama.cpp would compute something else."""
        ...

    def add_parameters(self, config: ModelConfig, writer: Any) -> None:
        """Write the sizes and constants of the model."""
        ...

    def settings(self, keys: GgufKeys) -> dict[str, Any]:
        """The values of ``config.json`` that decide what is computed, the vocabulary's size and
        the tying of the head excepted: the inverse of ``add_parameters``.

        Raises:
            HarnessError: a key is missing or wrong, or transformers would compute something else.
        """
        ...

    def layout(self, config: ModelConfig, name: str) -> Layout:
        """The GGUF layout of the weight with this transformers name."""
        ...

    def blocks(self, config: ModelConfig) -> int:
        """Number of layers."""
        ...

    def is_buffer(self, name: str) -> bool:
        """True for a stored tensor that is no weight and that every program recomputes."""
        ...

    def extra_tensors(self, config: ModelConfig) -> Mapping[str, Array]:
        """Tensors of GGUF that correspond to no weight, by GGUF name."""
        ...


def known_architectures() -> Iterator[Architecture]:
    """Every file of ``harness/export/gguf/architectures``."""
    for module in pkgutil.iter_modules(architectures.__path__):
        if not module.name.startswith("_"):
            file = importlib.import_module(f"{architectures.__name__}.{module.name}")
            found: Architecture = file.ARCHITECTURE
            yield found


def architecture_of(config: ModelConfig) -> Architecture:
    """The file of the model's architecture.

    Raises:
        HarnessError: there is none.
    """
    known = {name: found for found in known_architectures() for name in found.CLASSES}
    name = config.architecture
    if name in known:
        return known[name]
    close = nearest(name, known, least=0.8)  # all of them end alike
    hint = f" (near: {close})" if close else ""
    raise HarnessError(
        f"{config.file}: architecture {name!r:.60} is not known here{hint}, known: "
        f"{', '.join(sorted(known))}; --converter PATH asks your llama.cpp checkout instead"
    )
