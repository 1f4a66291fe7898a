"""Rotary embedding: translates the settings of ``config.json`` into GGUF keys and factors.

transformers 5 writes ``rope_parameters``; older configurations ``rope_theta`` and ``rope_scaling``.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.export.gguf.keys import GgufKeys
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array

DEFAULT_THETA = 10_000.0
"""transformers' and llama.cpp's, where a model names none."""
PARAMETERS = {
    "default": (),
    "linear": ("factor",),
    "yarn": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
}
"""Supported rope types, each with its required parameters."""


@dataclass(frozen=True, slots=True)
class Rope:
    """Parameters of the rotary embedding."""

    kind: str
    theta: float
    dimensions: int
    """Rotated dimensions of each head: all of them."""
    parameters: dict[str, Any]
    file: ModelConfig

    @classmethod
    def of(cls, config: ModelConfig, head_dim: int) -> "Rope":
        """Read the parameters from a configuration.

        Raises:
            HarnessError: the rope type is not supported.
        """
        own = config.mapping("rope_parameters")
        parameters = own or config.mapping("rope_scaling")
        kind = parameters.get("rope_type", parameters.get("type", "default"))
        if any(isinstance(value, dict) for value in parameters.values()):
            raise config.refuse("rope that differs from layer to layer is not written")
        if not isinstance(kind, str) or kind not in PARAMETERS:
            raise config.refuse(
                f"rope of type {kind!r:.40} is not written, only {', '.join(PARAMETERS)}"
            )
        if (
            config.number("partial_rotary_factor", 1.0) != 1.0
            or (parameters.get("partial_rotary_factor") or 1.0) != 1.0
        ):
            raise config.refuse("rope over a part of each head is not written")
        theta = own.get("rope_theta")
        rope = cls(
            kind,
            float(theta) if theta is not None else config.number("rope_theta", DEFAULT_THETA),
            head_dim,
            parameters,
            config,
        )
        for name in PARAMETERS[kind]:
            rope.value(name)
        return rope

    def add_to(self, writer: Any) -> None:
        """Write the GGUF keys. Raises HarnessError where a parameter is missing."""
        from gguf import RopeScalingType

        writer.add_rope_dimension_count(self.dimensions)
        writer.add_rope_freq_base(self.theta)
        if self.kind == "linear":
            writer.add_rope_scaling_type(RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(self.value("factor"))
        elif self.kind == "yarn":
            self._add_yarn(writer)

    def _add_yarn(self, writer: Any) -> None:
        from gguf import RopeScalingType

        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(self.value("factor"))
        trained = "original_max_position_embeddings"
        has_trained = self.parameters.get(trained) is not None
        context = self.value(trained) if has_trained else self.file.whole("max_position_embeddings")
        writer.add_rope_scaling_orig_ctx_len(int(context))
        for name, add in (
            ("beta_fast", writer.add_rope_scaling_yarn_beta_fast),
            ("beta_slow", writer.add_rope_scaling_yarn_beta_slow),
        ):
            if self.parameters.get(name) is not None:
                add(self.value(name))
        for name in ("attention_factor", "mscale", "mscale_all_dim"):
            if self.parameters.get(name) is not None:
                raise self.file.refuse(f"yarn's {name} is not written")
        if self.parameters.get("truncate") is False:
            raise self.file.refuse("yarn without truncation is not written")

    def factors(self) -> Array | None:
        """Divisors of the frequencies for Llama 3's scaling; ``None`` for other types."""
        if self.kind != "llama3":
            return None
        parameters = {name: self.value(name) for name in PARAMETERS[self.kind]}
        return llama3_factors(self.theta, self.dimensions, **parameters)

    def value(self, name: str) -> float:
        """A required parameter. Raises HarnessError where it is missing."""
        value = self.parameters.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.file.refuse(f"rope of type {self.kind} lacks {name}")
        return float(value)


def rope_parameters(keys: GgufKeys) -> dict[str, Any]:
    """``rope_parameters`` of a ``config.json``, from the keys that ``Rope.add_to`` writes.

    Raises:
        HarnessError: the rope's type is not known here.
    """
    found: dict[str, Any] = {"rope_theta": keys.number("rope.freq_base", DEFAULT_THETA)}
    kind = keys.text("rope.scaling.type", "none")
    if kind not in ("none", "linear", "yarn"):
        raise keys.refuse("rope.scaling.type", f"is {kind!r:.40}, known are linear and yarn")
    if kind == "none":
        return found | {"rope_type": "default"}
    found |= {"rope_type": kind, "factor": keys.number("rope.scaling.factor")}
    if kind == "linear":
        return found
    trained = keys.whole("rope.scaling.original_context_length", keys.whole("context_length"))
    found["original_max_position_embeddings"] = trained
    for name in ("beta_fast", "beta_slow"):
        if keys.has(f"rope.scaling.yarn_{name}"):
            found[name] = keys.number(f"rope.scaling.yarn_{name}")
    return found


def llama3_parameters(theta: float, dimensions: int, factors: Array) -> dict[str, Any] | None:
    """``rope_parameters`` that give these divisors of the frequencies; ``None`` where those of no
    Llama 3 do. All of them have the same bounds and differ in the factor alone."""
    found: dict[str, Any] = {
        "factor": float(factors.max(initial=1.0)),
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    with np.errstate(all="ignore"):
        made = llama3_factors(theta, dimensions, **found)
    if made.shape != factors.shape or not np.allclose(made, factors, rtol=1e-5, atol=0):
        return None
    return {"rope_type": "llama3", "rope_theta": theta, **found}


def llama3_factors(
    theta: float,
    dimensions: int,
    factor: float,
    low_freq_factor: float,
    high_freq_factor: float,
    original_max_position_embeddings: float,
) -> Array:
    """Divisors of the frequencies by Llama 3's scaling, one for each rotated pair.

    Formula: transformers, ``modeling_rope_utils._compute_llama3_parameters``.
    """
    low, high, context = low_freq_factor, high_freq_factor, original_max_position_embeddings
    half = np.arange(0, dimensions, 2, dtype=np.float32) / dimensions
    lengths = 2 * math.pi * np.power(theta, half)
    smooth = (context / lengths - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    factors = np.where(lengths > context / low, factor, between)
    return np.where(lengths < context / high, 1.0, factors).astype(np.float32)
