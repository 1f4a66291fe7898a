"""The sizes of a base that decide the memory of a training, read from its files without torch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.errors import HarnessError
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.folders import CONFIG
from harness.model_files.hub import local_copy
from harness.model_files.safetensors_header import Tensor
from harness.model_files.weights import folder_weights

_LAYER = re.compile(r"(?:^|\.)(\d+)\.(?:.*\.)?(\w+)\.weight$")


@dataclass(frozen=True, slots=True)
class BaseShape:
    """Sizes of a transformer with its linear layers; all counts are numbers of weights."""

    width: int
    inner: int
    """Width inside the MLP."""
    shared: int
    """Width of all keys of a token, which groups of heads share: that of the values, too."""
    vocabulary: int
    layers: int
    positions: int | None
    """The base's context length."""
    linear: Mapping[str, tuple[int, int]]
    """By the linear layers' names: weights, and the sum of inputs and outputs, over all layers."""
    parameters: int
    size_bytes: int
    """Of the files."""
    dtype: str
    """The commonest type of the files' weights, as safetensors spells it."""

    @property
    def linear_parameters(self) -> int:
        return sum(weights for weights, _ in self.linear.values())


def read_shape(base: str, where: str) -> BaseShape:
    """Read config.json and the headers of the weights.

    Raises:
        HarnessError: the base is not on this machine, or its files do not say its shape; begins
            with ``where``.
    """
    folder = local_copy(base)
    if folder is None:
        raise HarnessError(f"{where}: {base} is not on this machine, download it first")
    try:
        config = read_object(folder / CONFIG)
    except UnreadableFile as error:
        raise HarnessError(f"{where}: {folder / CONFIG} {error}") from None
    headers = folder_weights(folder)
    embedding = headers.embedding
    linear = _linear(headers.tensors)
    if embedding is None or not linear:
        raise HarnessError(
            f"{where}: the weights of {base} do not show their shapes, save them as safetensors"
        )
    width = embedding.shape[1]
    return BaseShape(
        width=width,
        inner=_first(config, "intermediate_size", "n_inner") or 4 * width,
        shared=_shared(config, width),
        vocabulary=embedding.shape[0],
        layers=len({m[1] for m in map(_LAYER.search, headers.tensors) if m}),
        positions=_first(config, "max_position_embeddings", "n_positions"),
        linear=linear,
        parameters=headers.numel,
        size_bytes=headers.size_bytes,
        dtype=next(iter(headers.dtypes)),
    )


def _linear(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name, tensor in tensors.items():
        match = _LAYER.search(name)
        if match and len(tensor.shape) == 2:
            weights, sides = found.get(match[2], (0, 0))
            found[match[2]] = weights + tensor.numel, sides + sum(tensor.shape)
    return found


def _shared(config: Mapping[str, Any], width: int) -> int:
    heads = _first(config, "num_attention_heads", "n_head") or 1
    own = _first(config, "num_key_value_heads") or heads
    return own * (_first(config, "head_dim") or width // heads)


def _first(config: Mapping[str, Any], *names: str) -> int | None:
    """The first of these values that is a positive number."""
    values = (config.get(name) for name in names)
    return next((v for v in values if type(v) is int and v > 0), None)
