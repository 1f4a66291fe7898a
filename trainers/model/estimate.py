"""Estimates the peak memory of a training before the base is opened, without torch.

Pure: a recipe and the shape of its base in, megabytes of 10^6 bytes out. ``benchmarks/
training_memory.py`` measures trainings beside it on a CPU, ``benchmarks/gpu_check`` on a GPU.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trainers.model.defaults import DEFAULT_LENGTH, SMALL_PARAMETERS, TILE_LOGITS
from trainers.model.shape import BaseShape
from trainers.recipes.schema import ALL_LINEAR, Recipe

MB = 1_000_000
Device = Literal["cpu", "cuda"]

ERROR: Mapping[Device, float] = {"cpu": 0.07, "cuda": 0.03}
"""The largest relative error over the runs of ``benchmarks/results/training_memory.json`` and
``gpu_check.json``, there without CUDA's context. The constants below were chosen by these runs, so
that another base's error may be larger, and another GPU's."""
PROCESS_MB = 600.0
"""Python with torch, transformers, TRL and what they import, before the base is opened."""
TOKENIZER_BYTES = 500
"""A tokenizer's memory for each entry of the vocabulary."""
KEPT_MB: Mapping[Device, float] = {"cpu": 55.0, "cuda": 70.0}
"""What kernels keep besides: repacked matrices, cuBLAS' workspace."""
CONTEXT = "context"
CONTEXT_MB = 806.0
"""What CUDA takes of a GPU for a process beside torch's allocator: measured on an H100, whose
kernels' stacks need more than those of smaller GPUs."""
RECOMPUTED_LAYERS = {True: 1.4, False: 1.3}
"""Bytes on a GPU of the one layer that is computed again for its gradients, to ``_layer_bytes``;
with dropout in the adapter, which keeps its masks and inputs, or without."""
SAVED_LAYER = 1.22
"""The same of a layer whose values are kept, with dropout."""
FREED_LAYERS = 8.5
"""Activations of so many layers stay with the process as freed pieces: glibc returns no memory
between others. Returning all of it was measured to take 0.55 GB less at 1,024 tokens, and 1.6 times
the CPU time."""
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_STORED = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
_NF4_BYTES = 0.5 + 0.127 / 8
"""A weight in 4 bits with its share of the doubly quantized scales (arXiv 2305.14314)."""
_TRL_TILE = (4096, 32_768)
"""Tokens and vocabulary entries of a tile on a GPU, where TRL's own output layer runs."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that memory is spent on."""

    name: str
    mb: float
    why: str
    """The numbers that decide it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The memory of a training on one device."""

    device: Device
    dtype: str
    length: int
    """Tokens of the longest row."""
    parts: tuple[Part, ...]
    """Held at once in the largest training step."""
    opening_mb: float
    """Held at once while the base is opened and converted."""

    @property
    def peak_mb(self) -> float:
        return max(sum(part.mb for part in self.parts), self.opening_mb)

    @property
    def own_mb(self) -> float:
        """The peak as a process measures its own: on a GPU without CUDA's context."""
        return self.peak_mb - sum(part.mb for part in self.parts if part.name == CONTEXT)

    @property
    def lowest_mb(self) -> float:
        return self.peak_mb - self.own_mb * ERROR[self.device]

    @property
    def highest_mb(self) -> float:
        return self.peak_mb + self.own_mb * ERROR[self.device]


def estimate(
    recipe: Recipe, shape: BaseShape, device: Device = "cpu", *, has_bfloat16: bool = True
) -> Estimate:
    """Estimate a training whose longest rows have ``max_length`` tokens.

    Args:
        has_bfloat16: the device computes in it, and ``dtype: auto`` takes it for large bases.
    """
    dtype = _dtype(recipe, shape, device, has_bfloat16)
    length = recipe.max_length or min(DEFAULT_LENGTH, shape.positions or DEFAULT_LENGTH)
    tokens = length * recipe.per_device_train_batch_size * (2 if recipe.method == "dpo" else 1)
    process = PROCESS_MB + shape.vocabulary * TOKENIZER_BYTES / MB if device == "cpu" else 0.0
    weights = _weights(recipe, shape, dtype)
    layer = _layer_bytes(recipe, shape, tokens, dtype)
    adapter = adapter_parameters(recipe, shape)
    step = _gpu_step if device == "cuda" else _cpu_step
    parts = (
        Part("process", process, "Python, torch, TRL, the tokenizer"),
        weights,
        _adapter(adapter, device),
        *step(recipe, shape, layer, tokens, dtype, adapter),
    )
    return Estimate(device, dtype, length, parts, _opening(recipe, shape, dtype, process, weights))


def _cpu_step(
    recipe: Recipe, shape: BaseShape, layer: int, tokens: int, dtype: str, adapter: int
) -> tuple[Part, ...]:
    freed = min(FREED_LAYERS, shape.layers) * layer / MB
    return (
        Part("gradients", adapter * 4 / MB, "of the adapter"),
        Part("optimizer", adapter * _moments(recipe) / MB, f"two moments, {recipe.optim}"),
        _activations(recipe, shape, layer, tokens, dtype),
        _output_layer(shape, tokens, dtype),
        Part("allocator", KEPT_MB["cpu"] + freed, "freed pieces, repacked matrices"),
    )


def _gpu_step(
    recipe: Recipe, shape: BaseShape, layer: int, tokens: int, dtype: str, adapter: int
) -> tuple[Part, ...]:
    """The parts of a step on a GPU, where freed memory is used again.

    The peak is in the backward pass. Gradients that are not accumulated come while activations go;
    the output layer's tiles are gone before a layer is computed again.
    """
    kept, again = _gpu_activations(recipe, shape, layer, tokens, dtype)
    gradients = adapter * 4
    if recipe.gradient_accumulation_steps == 1:
        gradients = max(0, gradients - kept)
    tile = min(tokens, _TRL_TILE[0]) * min(_TRL_TILE[1], shape.vocabulary) * _BYTES[dtype]
    states = tokens * shape.width * (4 + _BYTES[dtype])
    widest = shape.width * shape.inner * _BYTES[dtype] if recipe.quantize != "none" else 0
    how = ", checkpointed" if recipe.activation_checkpointing else f", {shape.layers} layers"
    optimizer = Part("optimizer", adapter * _moments(recipe) / MB, f"two moments, {recipe.optim}")
    if recipe.optim.startswith("paged"):
        optimizer = Part("optimizer", 0.0, f"{recipe.optim}, outside of torch's allocator")
    return (
        Part("gradients", gradients / MB, "of the adapter, beside activations"),
        optimizer,
        Part("activations", (kept + again) / MB, f"{tokens:,} tokens{how}"),
        Part("output", max(0, tile + states - again) / MB, "its tiles, where they need more"),
        Part("kernels", KEPT_MB["cuda"] + widest / MB, "workspace, a dequantized matrix"),
        Part(CONTEXT, CONTEXT_MB, "CUDA's own, as on an H100"),
    )


def _gpu_activations(
    recipe: Recipe, shape: BaseShape, layer: int, tokens: int, dtype: str
) -> tuple[int, int]:
    """Bytes kept from the forward pass, and those of the layer that is computed again."""
    if not recipe.activation_checkpointing:
        return round(SAVED_LAYER * shape.layers * layer), 0
    has_dropout = recipe.lora.lora_dropout > 0
    kept = shape.layers * tokens * shape.width * _BYTES[dtype]
    return kept, round(RECOMPUTED_LAYERS[has_dropout] * layer)


def _adapter(parameters: int, device: Device) -> Part:
    if device == "cpu":
        return Part("adapter", parameters * 8 / MB, f"{parameters:,} in float32, again while saved")
    return Part("adapter", parameters * 4 / MB, f"{parameters:,} in float32")


def adapter_parameters(recipe: Recipe, shape: BaseShape) -> int:
    """Parameters of the adapter: rank times the inputs and outputs of each layer it adapts."""
    wanted = recipe.lora.target_modules
    names = {name.rpartition(".")[2] for name in wanted}
    sides = (s for n, (_, s) in shape.linear.items() if wanted == (ALL_LINEAR,) or n in names)
    return recipe.lora.r * sum(sides)


def _dtype(recipe: Recipe, shape: BaseShape, device: Device, has_bfloat16: bool) -> str:
    """The dtype that ``trainers.model.base.choose_device`` takes."""
    dtype: str = recipe.dtype
    if dtype == "auto":
        is_small = recipe.quantize == "none" and shape.parameters <= SMALL_PARAMETERS
        dtype = "float32" if is_small or not has_bfloat16 else "bfloat16"
    return "bfloat16" if dtype == "float16" and device == "cpu" else dtype


def _weights(recipe: Recipe, shape: BaseShape, dtype: str) -> Part:
    linear = shape.linear_parameters
    rest = shape.parameters - linear
    each = {"nf4": _NF4_BYTES, "int8": 1.0}.get(recipe.quantize, _BYTES[dtype])
    how = dtype if recipe.quantize == "none" else f"{recipe.quantize}, the rest {dtype}"
    return Part(
        "weights",
        (linear * each + rest * _BYTES[dtype]) / MB,
        f"{shape.parameters:,} parameters in {how}",
    )


def _moments(recipe: Recipe) -> int:
    """Bytes of AdamW's two moments for each parameter."""
    return 2 if "8bit" in recipe.optim else 8


def _layer_bytes(recipe: Recipe, shape: BaseShape, tokens: int, dtype: str) -> int:
    """Bytes that the backward pass needs of one layer: its inputs, queries, keys, values, the
    products of its MLP, its norms in float32, and the adapter's inner values."""
    short = _BYTES[dtype] * (8 * shape.width + 2 * shape.shared + 4 * shape.inner)
    return tokens * (short + 8 * shape.width + 28 * recipe.lora.r)


def _activations(recipe: Recipe, shape: BaseShape, layer: int, tokens: int, dtype: str) -> Part:
    """With checkpointing only the inputs of all layers are kept, and one layer is recomputed at a
    time, with half as much again for its gradients."""
    if recipe.activation_checkpointing:
        kept = shape.layers * tokens * shape.width * _BYTES[dtype]
        return Part("activations", (kept + 1.5 * layer) / MB, f"{tokens:,} tokens, checkpointed")
    why = f"{tokens:,} tokens, {shape.layers} layers"
    return Part("activations", shape.layers * layer / MB, why)


def _output_layer(shape: BaseShape, tokens: int, dtype: str) -> Part:
    each = _BYTES[dtype]
    logits = min(TILE_LOGITS, tokens * shape.vocabulary) * (each + 4)
    states = tokens * shape.width * (4 + each)
    return Part("output", (logits + states) / MB, f"{shape.vocabulary:,} words, in tiles")


def _opening(recipe: Recipe, shape: BaseShape, dtype: str, process: float, weights: Part) -> float:
    """While weights are converted, those of the file are in memory beside them; weights that are
    used as they are stay mapped and count once. For eight bits all layers are converted to the
    short type first. A GPU receives them converted."""
    is_converted = recipe.quantize != "none" or _STORED[dtype] != shape.dtype
    source = shape.size_bytes / MB if is_converted and process else 0.0
    if recipe.quantize == "int8" and process:
        source += shape.linear_parameters * _BYTES[dtype] / MB
    return process + weights.mb + source
