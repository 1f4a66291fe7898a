"""Chooses the layers that a LoRA adapts, and builds peft's configuration."""

from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from trainers.recipes.schema import ALL_LINEAR, Lora


def target_modules(model: Any, lora: Lora, where: str) -> list[str]:
    """Names of the layers to adapt, sorted.

    Raises:
        HarnessError: a name matches no linear layer of the model, or its output layer; a line for
            each, beginning with ``where``. peft ignores a wrong name if others match.
    """
    linear = linear_names(model)
    if lora.target_modules == (ALL_LINEAR,):
        return sorted(linear)
    mistakes = [_mistake(model, name, linear) for name in lora.target_modules]
    found = [f"{where}: {mistake}" for mistake in mistakes if mistake]
    if found:
        raise HarnessError(*found)
    return sorted(set(lora.target_modules))


def linear_names(model: Any) -> set[str]:
    """Last path components of all linear layers except the output layer."""
    head = model.get_output_embeddings()
    return {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not head
    }


def lora_config(model: Any, lora: Lora, names: list[str], base: str) -> Any:
    """peft's configuration; ``base`` is written into the adapter unchanged."""
    from peft import LoraConfig

    return LoraConfig(
        base_model_name_or_path=base,
        r=lora.r,
        lora_alpha=lora.lora_alpha if lora.lora_alpha % 1 else int(lora.lora_alpha),
        lora_dropout=lora.lora_dropout,
        use_rslora=lora.use_rslora,
        target_modules=names,
        # GPT-2 stores its linear layers transposed.
        fan_in_fan_out=any(isinstance(m, Conv1D) for m in model.modules()),
        task_type="CAUSAL_LM",
    )


def keep_adapter_exact(model: Any) -> None:
    """Hold the trained weights in float32.

    TRL casts the adapter of a quantized base to bfloat16, in which steps at a learning rate of 2e-5
    leave nine of ten numbers as they are.
    """
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _mistake(model: Any, name: str, linear: set[str]) -> str | None:
    """The mistake in one name, or ``None``. Names match as in peft: the whole path or its end."""
    head = model.get_output_embeddings()
    matches = [m for path, m in model.named_modules() if path == name or path.endswith(f".{name}")]
    if any(m is head for m in matches):
        return f"{name} is the output layer, which the loss reads by itself; leave it out"
    if any(isinstance(m, nn.Linear | Conv1D) for m in matches):
        return None
    if matches:
        return (
            f"{name} is a {type(matches[0]).__name__}, not a linear layer; {_known_layers(linear)}"
        )
    hint = did_you_mean(name, linear, _known_layers(linear))
    return f"{name} matches no layer of the base, {hint}"


def _known_layers(linear: set[str]) -> str:
    return f"there are: {', '.join(sorted(linear))}"
