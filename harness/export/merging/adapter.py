"""Reads a LoRA adapter for an export: configuration, pairs of matrices, unsupported parts.

Names and formulas are peft's (``peft/tuners/lora``): the update of a weight is
``scaling * B @ A``, with ``scaling`` alpha / r, or alpha / sqrt(r) for rsLoRA.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.export.tensors.model_config import read_config
from harness.export.tensors.safetensors_file import tensors_in
from harness.model_files.adapter import LORA_NAME
from harness.model_files.adapter_names import pattern_value
from harness.model_files.folders import ADAPTER_CONFIG as CONFIG
from harness.model_files.folders import ADAPTER_WEIGHTS as WEIGHTS
from harness.model_files.lora_init import base_changing_init
from harness.model_files.safetensors_header import Tensor
from harness.model_files.weights import file_weights, is_embedding

VARIANTS = (
    "use_dora",
    "use_qalora",
    "use_bdlora",
    "alora_invocation_tokens",
    "layer_replication",
    "arrow_config",
    "kasa_config",
    "velora_config",
    "monteclora_config",
    "target_parameters",
)
"""Settings under which the update is more than ``scaling * B @ A``."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two matrices over one weight."""

    module: str
    """The module's name in the base: ``model.layers.0.self_attn.q_proj``."""
    a: Tensor
    """(r, in)"""
    b: Tensor
    """(out, r)"""
    scaling: float

    @property
    def rank(self) -> int:
        return self.a.shape[0]


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter whose configuration and headers are read, but not its matrices."""

    folder: Path
    config: Mapping[str, Any]
    pairs: tuple[Pair, ...]
    others: tuple[Tensor, ...]
    """Tensors that are not A or B of a pair over a weight."""
    is_over_tied_head: bool = False
    """One pair is over the head, whose weights are the embedding's."""

    @property
    def beyond_pairs(self) -> str | None:
        """Parts besides plain LoRA pairs, in a few words; ``None`` for a plain LoRA."""
        named = [name for name in VARIANTS if self.config.get(name)]
        if saved := self.config.get("modules_to_save"):
            names = saved if isinstance(saved, list) else [saved]
            named.append(f"modules_to_save ({printable(', '.join(map(str, names)))})")
        if self.config.get("trainable_token_indices"):
            named.append("trainable_token_indices")
        if self.config.get("bias", "none") != "none" or self.config.get("lora_bias"):
            named.append("trained biases")
        if self.config.get("init_lora_weights") == "mica":
            named.append("init_lora_weights mica")
        if self.is_over_tied_head:
            named.append("an update of lm_head alone, which is tied to the embedding")
        if any(".lora_embedding_" in tensor.name for tensor in self.others):
            named.append("an update of the embedding")
        if not named and any(_is_whole_rows(tensor.name) for tensor in self.others):
            named.append("the embedding of a vocabulary that was resized or trained")
        if not named and self.others:
            named.append(self.others[0].name)
        return ", ".join(named) or None

    @property
    def is_fan_in_fan_out(self) -> bool:
        return bool(self.config.get("fan_in_fan_out"))


def _is_whole_rows(name: str) -> bool:
    return is_embedding(name) or name.endswith("lm_head.weight")


def read_adapter(folder: Path) -> Adapter:
    """Read the adapter's configuration and the headers of its matrices.

    Raises:
        HarnessError: it is no LoRA, its initialisation changed the base, or its files are damaged.
    """
    config = read_config(folder / CONFIG)
    kind = config.get("peft_type")
    if kind != "LORA":
        raise HarnessError(f"{folder}: is an adapter of type {kind!r:.40}, only LORA is exported")
    if init := base_changing_init(config):
        raise HarnessError(
            f"{folder}: was initialised by {printable(init)}, which changes the base's weights, "
            "and its files do not say how: have peft save it as a plain LoRA "
            "(save_pretrained with path_initial_model_for_weight_conversion)"
        )
    if not (folder / WEIGHTS).is_file():
        raise HarnessError(
            f"{folder}: has no {WEIGHTS}: load the adapter with peft and save it again"
        )
    tensors = tensors_in(file_weights(folder / WEIGHTS), folder)
    pairs, others = _pairs(folder, config, tensors)
    return Adapter(folder, config, pairs, others)


def _pairs(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> tuple[tuple[Pair, ...], tuple[Tensor, ...]]:
    pairs: list[Pair] = []
    others: list[Tensor] = []
    for name, a in tensors.items():
        part = LORA_NAME.match(name)
        if part is None:
            others.append(a)
            continue
        if part["side"] == "B":
            if name.replace("lora_B", "lora_A") not in tensors:
                others.append(a)
            continue
        b = tensors.get(name.replace("lora_A", "lora_B"))
        if b is None:
            raise HarnessError(f"{folder}: {WEIGHTS} has {name} without its lora_B")
        module = part["module"]
        if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[0] != b.shape[1]:
            raise HarnessError(f"{folder}: {name} {a.shape} and its lora_B {b.shape} do not fit")
        pairs.append(Pair(module, a, b, _scaling(folder, config, module, a.shape[0])))
    return tuple(pairs), tuple(others)


def _scaling(folder: Path, config: Mapping[str, Any], module: str, rank: int) -> float:
    try:
        r = pattern_value(config.get("rank_pattern"), module, config.get("r"))
        alpha = pattern_value(config.get("alpha_pattern"), module, config.get("lora_alpha"))
    except (TypeError, AttributeError, re.error) as error:
        raise HarnessError(
            f"{folder}: {CONFIG} has patterns that cannot be read ({printable(str(error))})"
        ) from None
    if not isinstance(alpha, int | float) or isinstance(alpha, bool) or r != rank:
        raise HarnessError(
            f"{folder}: {CONFIG} says rank {r!r:.20} and alpha {alpha!r:.20} of {module}, whose "
            f"matrices have rank {rank}"
        )
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)
